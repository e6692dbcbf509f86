/** A queue of calls in a circular array, so that a call that comes and goes allocates nothing. */

import type { PendingCall } from './pending-call.js';

const FIRST_SIZE = 16;

/** Comes in at the end, or is put back before all; leaves at the front. */
export class CallRing {
  /** As many as a power of two. */
  #slots: (PendingCall | null)[] = new Array(FIRST_SIZE).fill(null);
  #first = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** The call at a place, counted from the front; `null`: there is none, or it was taken out. */
  at(index: number): PendingCall | null {
    return index < this.#length ? (this.#slots[(this.#first + index) & (this.#slots.length - 1)] ?? null) : null;
  }

  push(pending: PendingCall): void {
    if (this.#length === this.#slots.length) this.#grow();
    this.#slots[(this.#first + this.#length) & (this.#slots.length - 1)] = pending;
    this.#length += 1;
  }

  /** Puts one before all. */
  unshift(pending: PendingCall): void {
    if (this.#length === this.#slots.length) this.#grow();
    this.#first = (this.#first - 1) & (this.#slots.length - 1);
    this.#slots[this.#first] = pending;
    this.#length += 1;
  }

  /** Takes the first one out. */
  shift(): PendingCall | null {
    const pending = this.at(0);
    if (this.#length === 0) return null;
    this.#slots[this.#first] = null;
    this.#first = (this.#first + 1) & (this.#slots.length - 1);
    this.#length -= 1;
    return pending;
  }

  /** Takes one out and leaves its place empty. */
  empty(index: number): void {
    this.#slots[(this.#first + index) & (this.#slots.length - 1)] = null;
  }

  /** Takes all out that are there, in order. */
  clear(): PendingCall[] {
    const all: PendingCall[] = [];
    while (this.#length > 0) {
      const pending = this.shift();
      if (pending !== null) all.push(pending);
    }
    return all;
  }

  #grow(): void {
    const slots = new Array<PendingCall | null>(2 * this.#slots.length).fill(null);
    for (let i = 0; i < this.#length; i++) slots[i] = this.at(i);
    this.#slots = slots;
    this.#first = 0;
  }
}
