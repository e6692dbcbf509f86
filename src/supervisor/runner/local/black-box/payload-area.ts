/**
 * The part of a box's file that large payloads are written to, and their host reads. It is written and never mapped: what a
 * module does to the file cannot end the core by a signal.
 */

import { writeSync } from 'node:fs';
import { punchHole } from '../../../../libc.js';
import type { Payloads } from '../../evidence.js';

const NO_ROOM = -1;
/** Two payloads never share a line of the processor's cache. */
const ALIGN_BYTES = 64;
/** A multiple of every page size in use. */
const PAGE_BYTES = 64 * 1024;

/** What is in use, from one position up to another; positions grow for ever, until nothing is in use. */
interface Slot {
  from: number;
  end: number;
  isFree: boolean;
}

/** Room that is used round and round, as payloads leave mostly in the order in which they came. */
export class PayloadArea implements Payloads {
  readonly #fd: number;
  readonly #offset: number;
  readonly #size: number;
  readonly #slots: Slot[] = [];
  #head = 0;
  /** Memory may be behind everything before it. */
  #touched = 0;
  /** Whether nothing was put here since the last look. */
  #isCalm = false;

  /** @param offset where in the file it begins */
  constructor(fd: number, offset: number, size: number) {
    this.#fd = fd;
    this.#offset = offset;
    this.#size = size;
  }

  put(bytes: Uint8Array, from: number, length: number): number {
    this.#isCalm = false;
    const at = this.#reserve(length);
    if (at === NO_ROOM) return NO_ROOM;
    const place = at % this.#size;
    if (!this.#write(bytes, from, length, place)) return NO_ROOM;
    this.#head = at + roundUp(length);
    this.#touched = Math.max(this.#touched, place + length);
    this.#slots.push({ from: at, end: this.#head, isFree: false });
    return place;
  }

  free(place: number): void {
    const slots = this.#slots;
    const slot = slots.find(({ from, isFree }) => !isFree && from % this.#size === place);
    if (slot) slot.isFree = true;
    while (slots[0]?.isFree) slots.shift();
    // From the beginning again, where the memory is that was used just now.
    if (slots.length === 0) this.#head = 0;
  }

  /** Gives the memory back, when nothing was put here since the call before. */
  trim(): void {
    if (this.#isCalm && this.#touched > 0 && this.#slots.length === 0) {
      punchHole(this.#fd, this.#offset, Math.min(this.#size, roundUp(this.#touched, PAGE_BYTES)));
      this.#touched = 0;
    }
    this.#isCalm = true;
  }

  /** A payload stands in one piece. */
  #reserve(length: number): number {
    const used = roundUp(length);
    const toEnd = this.#size - (this.#head % this.#size);
    const at = used > toEnd ? this.#head + toEnd : this.#head;
    const tail = this.#slots[0]?.from ?? at;
    return at + used - tail > this.#size ? NO_ROOM : at;
  }

  /** @returns `false`: there is no memory for it, or it cannot be written */
  #write(bytes: Uint8Array, from: number, length: number, place: number): boolean {
    try {
      return writeSync(this.#fd, bytes, from, length, this.#offset + place) === length;
    } catch {
      return false;
    }
  }
}

function roundUp(length: number, unit = ALIGN_BYTES): number {
  return Math.ceil(length / unit) * unit;
}
