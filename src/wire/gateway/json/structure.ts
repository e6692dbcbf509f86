/** How much structure a line of JSON may have. A parsed line of nothing but brackets takes many times its bytes. */

import { invalid } from '../frame-error.js';

/** A shorter line can do no harm, whatever is in it. */
const HARMLESS_BYTES = 4096;
const MAX_LEVELS = 100;
const MAX_PARTS = 100_000;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/**
 * Looks at a line before it is parsed.
 *
 * @param what - its name in error messages
 * @throws FrameError when it is nested too deep, or has too many lists, objects and entries
 */
export function requireSimple(line: Buffer, what = 'the line'): void {
  if (line.length < HARMLESS_BYTES) return;
  let levels = 0;
  let parts = 0;
  for (let at = 0; at < line.length; at++) {
    const byte = line[at];
    if (byte === QUOTE) {
      at = endOfString(line, at + 1);
    } else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
      levels += 1;
      parts += 1;
      if (levels > MAX_LEVELS) invalid(`${what} is nested in more than ${MAX_LEVELS} levels`);
    } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) levels -= 1;
    else if (byte === COMMA) parts += 1;
    if (parts > MAX_PARTS) invalid(`${what} has more than ${MAX_PARTS} lists, objects and entries`);
  }
}

/** How often a key, given with its quotes, occurs in the outermost object of a line of JSON. */
export function countKeys(line: Buffer, key: string): number {
  let levels = 0;
  let count = 0;
  let isKey = false;
  for (let at = 0; at < line.length; at++) {
    const byte = line[at];
    if (byte === QUOTE) {
      const end = endOfString(line, at + 1);
      if (isKey && levels === 1 && line.toString('latin1', at, end + 1) === key) count += 1;
      isKey = false;
      at = end;
    } else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
      levels += 1;
      isKey = byte === OPEN_OBJECT;
    } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) levels -= 1;
    else if (byte === COMMA) isKey = true;
  }
  return count;
}

/** The place of the quote that ends a string; the end of the line when there is none. */
function endOfString(line: Buffer, from: number): number {
  for (let at = line.indexOf(QUOTE, from); at >= 0; at = line.indexOf(QUOTE, at + 1)) {
    let before = at;
    while (before > from && line[before - 1] === BACKSLASH) before -= 1;
    if ((at - before) % 2 === 0) return at;
  }
  return line.length;
}
