/**
 * One glob over bytes, cut at its stars. Its first and its last part stand at the ends of a text. Each part between is taken where it
 * is found first, after the one before. Pure.
 */

import { allows, type Part, readParts } from './glob-syntax.js';

/** A glob. */
export class Glob {
  /** What must be found in this order between head and tail; none of them is empty. */
  readonly middle: readonly Part[];
  readonly head: Part;
  /** `null`: there is no star, so the head is all. */
  readonly tail: Part | null;
  /** No shorter text fits; in bytes. */
  readonly least: number;

  /** @throws {PatternError} for a glob that cannot be */
  constructor(pattern: string) {
    const parts = readParts(pattern);
    this.head = parts[0] as Part;
    this.tail = parts.length > 1 ? (parts.at(-1) as Part) : null;
    this.middle = parts.slice(1, -1).filter(({ length }) => length > 0);
    this.least = parts.reduce((sum, { length }) => sum + length, 0);
  }

  /** Whether head and tail stand at the ends. That is all for a glob without a middle. */
  standsAround(bytes: Buffer, from: number, end: number): boolean {
    const { head, tail } = this;
    if (tail === null) return end - from === head.length && standsAt(head, bytes, from);
    return end - from >= this.least && standsAt(head, bytes, from) && standsAt(tail, bytes, end - tail.length);
  }
}

/** The bytes up to its length are there. */
function standsAt(part: Part, bytes: Buffer, from: number): boolean {
  for (let i = 0; i < part.length; i++) {
    if (!allows(part[i] as number | Uint8Array, bytes[from + i] as number)) return false;
  }
  return true;
}
