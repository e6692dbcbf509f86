/** A line of JSON as the one kind of frame that it is. */

import { isUtf8 } from 'node:buffer';
import { FrameError, invalid } from '../frame-error.js';
import { objectOf, shown } from './reading.js';
import { requireSimple } from './structure.js';

/** How a frame of each kind is read. */
export type Kinds<Frame> = ReadonlyMap<string, (value: unknown, where: string) => Frame>;

/**
 * Reads one line.
 *
 * @returns `null`: no kind of those is in it
 * @throws FrameError
 */
export function readLine<Frame>(line: Buffer, kinds: Kinds<Frame>): Frame | null {
  if (!isUtf8(line)) invalid('the line is no UTF-8');
  requireSimple(line);
  const frame = objectOf(parse(line), '');
  let kind: string | null = null;
  for (const key in frame) {
    if (!kinds.has(key) && !kinds.has(snakeCaseOf(key))) continue;
    if (kind !== null) invalid(`the line is ${kind} and ${key}, and must be of one kind`);
    kind = key;
  }
  if (kind === null) return null;
  const read = kinds.get(kind) ?? kinds.get(snakeCaseOf(kind));
  return read?.(frame[kind], kind) ?? null;
}

function snakeCaseOf(key: string): string {
  return key === 'sendStatus' ? 'send_status' : key;
}

function parse(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString('utf8'));
  } catch (error) {
    const shownLine = shown(line.toString('utf8', 0, 100));
    throw new FrameError('FRAME_INVALID', `the line ${shownLine} is no JSON: ${(error as Error).message}`);
  }
}
