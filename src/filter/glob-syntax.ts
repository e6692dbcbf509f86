/** How a glob is written: `*` for any, `?` for one, `[a-z]` and `[!a-z]` for one of a set, `\` before an ordinary character. Pure. */

import { PatternError, showPattern } from './pattern-error.js';

const STAR = 0x2a;
const QUESTION = 0x3f;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const ESCAPE = 0x5c;
const NOT = 0x21;
const DASH = 0x2d;

/** What stands in one place: a byte, or a flag for each of the 256 bytes. */
export type Position = number | Uint8Array;

/** What stands between two stars. */
export type Part = readonly Position[];

const ANY = new Uint8Array(256).fill(1);

/** Whether a byte may stand there. */
export function allows(position: Position, byte: number): boolean {
  return typeof position === 'number' ? position === byte : position[byte] === 1;
}

/**
 * The parts between the stars; one more than there are stars. Some may be empty.
 *
 * @throws {PatternError} for a glob that cannot be
 */
export function readParts(pattern: string): Position[][] {
  const bytes = Buffer.from(pattern, 'utf8');
  const parts: Position[][] = [[]];
  for (let at = 0; at < bytes.length; ) {
    const part = parts.at(-1) as Position[];
    const byte = bytes[at] as number;
    if (byte === STAR) {
      parts.push([]);
      at++;
    } else if (byte === QUESTION) {
      part.push(ANY);
      at++;
    } else if (byte === OPEN) {
      const { set, end } = readSet(bytes, at + 1, pattern);
      part.push(set);
      at = end;
    } else {
      const { byte, end } = readByte(bytes, at, pattern);
      part.push(byte);
      at = end;
    }
  }
  return parts;
}

/** What stands behind a `[`, up to its `]`. */
function readSet(bytes: Buffer, from: number, pattern: string): { set: Uint8Array; end: number } {
  const isNegative = bytes[from] === NOT;
  const set = new Uint8Array(256);
  let at = isNegative ? from + 1 : from;
  const begin = at;
  while (at < bytes.length && bytes[at] !== CLOSE) {
    const first = readMember(bytes, at, pattern);
    at = first.end;
    if (bytes[at] !== DASH || bytes[at + 1] === CLOSE || at + 1 >= bytes.length) {
      set[first.byte] = 1;
      continue;
    }
    const last = readMember(bytes, at + 1, pattern);
    at = last.end;
    if (last.byte < first.byte) {
      const [low, high] = [last.byte, first.byte].map((byte) => String.fromCharCode(byte));
      throw new PatternError(`expected [${low}-${high}] with the smaller one first in ${showPattern(pattern)}`);
    }
    set.fill(1, first.byte, last.byte + 1);
  }
  if (at >= bytes.length) {
    throw new PatternError(`expected a ] after the [ in ${showPattern(pattern)}; for a [ itself write \\[`);
  }
  if (at === begin) throw new PatternError(`expected characters between [ and ] in ${showPattern(pattern)}`);
  return { set: isNegative ? set.map((flag) => 1 - flag) : set, end: at + 1 };
}

/** A set is one of bytes, and a character beyond ASCII has several. */
function readMember(bytes: Buffer, from: number, pattern: string): { byte: number; end: number } {
  const member = readByte(bytes, from, pattern);
  if (member.byte < 0x80) return member;
  throw new PatternError(`expected ASCII characters between [ and ] in ${showPattern(pattern)}`);
}

function readByte(bytes: Buffer, from: number, pattern: string): { byte: number; end: number } {
  if (bytes[from] !== ESCAPE) return { byte: bytes[from] as number, end: from + 1 };
  if (from + 1 < bytes.length) return { byte: bytes[from + 1] as number, end: from + 2 };
  throw new PatternError(`expected a character after the \\ in ${showPattern(pattern)}; for a \\ itself write \\\\`);
}
