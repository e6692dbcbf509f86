/** Reads an outcome that changes nothing and has only a verdict. Nearly all are like this. */

import { tagOf, uint32At, WIRE } from '../../protobuf.js';

const TAG = {
  outcome: tagOf(2, WIRE.bytes),
  id: tagOf(1, WIRE.fixed64),
  verdict: tagOf(2, WIRE.varint),
  by: tagOf(3, WIRE.bytes),
} as const;
/** Of the shortest: the frame's tag and length, then the id. */
const PASS_BYTES = 11;
/** A length that takes more than one byte. */
const LONG = 0x80;

/** The lower half of the id, and the verdict. */
export interface ShortOutcome {
  low: number;
  /** The module that consumed; `null`: it passes. */
  by: string | null;
}

const short: ShortOutcome = { low: 0, by: null };

/**
 * Reads the frame from `from` to `to`.
 *
 * @returns the same object each time; `null`: it is another frame, or damaged
 */
export function readShortOutcome(bytes: Buffer, from: number, to: number): ShortOutcome | null {
  const length = to - from;
  if (bytes[from] !== TAG.outcome || length < PASS_BYTES || length - 2 >= LONG) return null;
  if (bytes[from + 1] !== length - 2 || bytes[from + 2] !== TAG.id) return null;
  short.low = uint32At(bytes, from + 3);
  short.by = null;
  if (length === PASS_BYTES) return short;
  const at = from + PASS_BYTES;
  if (bytes[at] !== TAG.verdict || bytes[at + 1] !== 1) return null;
  if (bytes[at + 2] !== TAG.by || bytes[at + 3] !== to - at - 4) return null;
  short.by = bytes.toString('utf8', at + 4, to);
  return short;
}
