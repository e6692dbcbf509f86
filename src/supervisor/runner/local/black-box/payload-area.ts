/**
 * The part of a box's file to which the core writes large payloads and from which their host reads them. The core writes it and
 * never maps it, so nothing that a module does to the file can end the core by a signal.
 */

import { writeSync } from 'node:fs';
import { punchHole } from '../../../../libc.js';
import type { Payloads } from '../../evidence.js';
import { readFreeBytes } from './free-bytes.js';

const NO_ROOM = -1;
/** Two payloads never share a line of the processor's cache. */
const ALIGN_BYTES = 64;
/** A multiple of every page size in use. */
const PAGE_BYTES = 64 * 1024;
/** Memory that was not used for so long is given back. */
const TRIM_MS = 1000;

/** One payload. Positions grow as the room is used round and round; the place is where a position is in the area. */
interface Slot {
  from: number;
  place: number;
  placeEnd: number;
  isFree: boolean;
}

/** Where an area is, and what it must leave. */
export interface AreaOptions {
  /** Of the box's file. */
  fd: number;
  /** In that file. */
  offset: number;
  size: number;
  /** Where the file is. */
  directory: string;
  /** What stays free there. */
  reserveBytes: number;
}

/** Room that is used round and round, as payloads leave mostly in the order in which they came. */
export class PayloadArea implements Payloads {
  readonly #options: AreaOptions;
  readonly #slots: Slot[] = [];
  /** The position behind the last payload. */
  #head = 0;
  /** Places before this one may have memory. */
  #memoryEnd = 0;
  /** Places before this one were used since the last look. */
  #usedEnd = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: AreaOptions) {
    this.#options = options;
  }

  put(bytes: Uint8Array, from: number, length: number): number {
    const at = this.#reserve(length);
    if (at === NO_ROOM) return NO_ROOM;
    const place = at % this.#options.size;
    const placeEnd = place + roundUp(length);
    if (placeEnd > this.#memoryEnd && !this.#grow(placeEnd)) return NO_ROOM;
    if (!this.#write(bytes, from, length, place)) return NO_ROOM;
    this.#head = at + roundUp(length);
    this.#usedEnd = Math.max(this.#usedEnd, placeEnd);
    this.#slots.push({ from: at, place, placeEnd, isFree: false });
    return place;
  }

  free(place: number): void {
    const slots = this.#slots;
    const slot = slots.find((one) => !one.isFree && one.place === place);
    if (slot) slot.isFree = true;
    while (slots[0]?.isFree) slots.shift();
    // When nothing is left it begins at place 0 again, so that few messages at a time use little memory.
    if (slots.length === 0) this.#head = 0;
  }

  /** Looks at it no more. */
  close(): void {
    clearTimeout(this.#timer);
  }

  /** A payload stands in one piece. */
  #reserve(length: number): number {
    const { size } = this.#options;
    const used = roundUp(length);
    const toEnd = size - (this.#head % size);
    const at = used > toEnd ? this.#head + toEnd : this.#head;
    const tail = this.#slots[0]?.from ?? at;
    return at + used - tail > size ? NO_ROOM : at;
  }

  /** Payloads can also travel in frames, but new boxes need this memory. So what new boxes need stays free. */
  #grow(placeEnd: number): boolean {
    const { directory, reserveBytes } = this.#options;
    if (readFreeBytes(directory) - (placeEnd - this.#memoryEnd) < reserveBytes) return false;
    this.#memoryEnd = placeEnd;
    this.#timer ??= setTimeout(() => this.#trim(), TRIM_MS).unref();
    return true;
  }

  /** @returns `false`: it cannot be written */
  #write(bytes: Uint8Array, from: number, length: number, place: number): boolean {
    try {
      return writeSync(this.#options.fd, bytes, from, length, this.#options.offset + place) === length;
    } catch {
      return false;
    }
  }

  /** Gives back the memory behind what is used now, or was since the last look. */
  #trim(): void {
    this.#timer = undefined;
    const { fd, offset, size } = this.#options;
    const ends = this.#slots.map(({ placeEnd, isFree }) => (isFree ? 0 : placeEnd));
    const end = Math.max(this.#usedEnd, ...ends);
    const from = roundUp(end, PAGE_BYTES);
    if (from < this.#memoryEnd)
      punchHole(fd, offset + from, Math.min(size, roundUp(this.#memoryEnd, PAGE_BYTES)) - from);
    this.#memoryEnd = Math.min(this.#memoryEnd, from);
    this.#usedEnd = 0;
    if (this.#memoryEnd > 0) this.#timer = setTimeout(() => this.#trim(), TRIM_MS).unref();
  }
}

function roundUp(length: number, unit = ALIGN_BYTES): number {
  return Math.ceil(length / unit) * unit;
}
