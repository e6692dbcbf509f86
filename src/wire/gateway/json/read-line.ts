/** Reads a line of JSON as a frame of exactly one kind. */

import { isUtf8 } from 'node:buffer';
import { FrameError, invalid } from '../frame-error.js';
import { objectOf, shown } from './reading.js';
import { countKeys, requireSimple } from './structure.js';

const NO_END = 'the last line has no end';

/** How a frame of each kind is read. */
export type Kinds<Frame> = ReadonlyMap<string, (value: unknown, where: string) => Frame>;

/**
 * Reads one line.
 *
 * @param hasEnd `false`: the line has no end, because the connection ended
 * @returns `null`: it has none of these kinds
 * @throws FrameError
 */
export function readLine<Frame>(line: Buffer, kinds: Kinds<Frame>, hasEnd = true): Frame | null {
  // A character may be cut through.
  if (!isUtf8(line)) invalid(hasEnd ? 'the line is not UTF-8' : NO_END);
  requireSimple(line);
  const frame = objectOf(parse(line, hasEnd), '');
  let kind: string | null = null;
  for (const key in frame) {
    if (!kinds.has(key) && !kinds.has(snakeCaseOf(key))) continue;
    if (kind !== null) invalid(`the line is ${kind} and ${key}, and must be of one kind`);
    kind = key;
  }
  if (kind === null) return null;
  if (isTwice(line, kind)) invalid(`the line has the key ${kind} twice, and must be one frame`);
  const read = kinds.get(kind) ?? kinds.get(snakeCaseOf(kind));
  return read?.(frame[kind], kind) ?? null;
}

/**
 * Whether the key of a line's kind is there twice; the parser would keep the last one. A nested key or a value may look the
 * same.
 */
function isTwice(line: Buffer, kind: string): boolean {
  const token = `"${kind}"`;
  const first = line.indexOf(token);
  return first >= 0 && line.indexOf(token, first + token.length) >= 0 && countKeys(line, token) > 1;
}

function snakeCaseOf(key: string): string {
  return key === 'sendStatus' ? 'send_status' : key;
}

function parse(line: Buffer, hasEnd: boolean): unknown {
  const text = line.toString('utf8');
  try {
    return JSON.parse(text);
  } catch (error) {
    const line = shown(text.slice(0, 100));
    if (!hasEnd) throw new FrameError('FRAME_INVALID', `${NO_END}, and ${line} is not a whole document`);
    const remedy = isPiece(text.trim()) ? '; a document has to stand on one line' : '';
    throw new FrameError('FRAME_INVALID', `the line ${line} is not JSON: ${(error as Error).message}${remedy}`);
  }
}

/** Whether text looks like one line of a document that has several. */
function isPiece(text: string): boolean {
  const [begins, ends] = [/^[{[]/.test(text), /[}\]],?$/.test(text)];
  return begins !== ends || /[{[,]$/.test(text);
}
