/** One timer for all the calls of a module. */

import type { PendingCall } from './pending-call.js';

/** Calls that get a default verdict when their time is over. */
export class Deadlines {
  readonly #calls = new Set<PendingCall>();
  readonly #expire: (overdue: PendingCall[]) => void;
  readonly #now: () => number;
  #timer: NodeJS.Timeout | undefined;
  #armedForMs = Number.POSITIVE_INFINITY;

  /** @param now the clock that deadlines are on, in milliseconds */
  constructor(expire: (overdue: PendingCall[]) => void, now: () => number) {
    this.#expire = expire;
    this.#now = now;
  }

  /** Watches over a call until {@link delete}. */
  add(pending: PendingCall): void {
    this.#calls.add(pending);
    if (pending.deadlineMs < this.#armedForMs) this.#arm(pending.deadlineMs);
  }

  /** The call has its verdict. The timer stays: most deadlines lie so close together that one look serves many. */
  delete(pending: PendingCall): void {
    this.#calls.delete(pending);
    if (this.#calls.size === 0) this.#disarm();
  }

  #fire(): void {
    this.#disarm();
    const now = this.#now();
    let next = Number.POSITIVE_INFINITY;
    const overdue: PendingCall[] = [];
    for (const pending of this.#calls) {
      if (pending.deadlineMs <= now) overdue.push(pending);
      else next = Math.min(next, pending.deadlineMs);
    }
    if (overdue.length > 0) this.#expire(overdue);
    if (next < this.#armedForMs) this.#arm(next);
  }

  #arm(atMs: number): void {
    clearTimeout(this.#timer);
    this.#armedForMs = atMs;
    // After what has arrived meanwhile: a core that was held up must not default what is already answered.
    this.#timer = setTimeout(() => setImmediate(() => this.#fire()), Math.max(0, Math.ceil(atMs - this.#now())));
  }

  #disarm(): void {
    clearTimeout(this.#timer);
    this.#armedForMs = Number.POSITIVE_INFINITY;
  }
}
