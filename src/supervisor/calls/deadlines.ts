/** One timer for all the calls of a module. */

import type { PendingCall } from './pending-call.js';

/** Calls that get a default verdict when their time is over. They are linked to each other in the order of coming. */
export class Deadlines {
  #first: PendingCall | null = null;
  #last: PendingCall | null = null;
  readonly #expire: (overdue: PendingCall[], nowMs: number) => void;
  readonly #now: () => number;
  #timer: NodeJS.Timeout | undefined;
  #armedForMs = Number.POSITIVE_INFINITY;

  /** @param now the clock that deadlines are on, in milliseconds */
  constructor(expire: (overdue: PendingCall[], nowMs: number) => void, now: () => number) {
    this.#expire = expire;
    this.#now = now;
  }

  /** Watches over a call until {@link delete}. */
  add(pending: PendingCall): void {
    if (pending.isWatched) return;
    pending.isWatched = true;
    pending.watchedBefore = this.#last;
    if (this.#last) this.#last.watchedAfter = pending;
    else this.#first = pending;
    this.#last = pending;
    if (pending.deadlineMs < this.#armedForMs) this.#arm(pending.deadlineMs);
  }

  /**
   * The call has its verdict. The timer stays even when no call is left. Most deadlines are so close together that one look
   * serves many, and setting a timer costs more than the call did. It does not keep the process alive.
   */
  delete(pending: PendingCall): void {
    if (!pending.isWatched) return;
    pending.isWatched = false;
    const { watchedBefore: before, watchedAfter: after } = pending;
    if (before) before.watchedAfter = after;
    else this.#first = after;
    if (after) after.watchedBefore = before;
    else this.#last = before;
    pending.watchedBefore = null;
    pending.watchedAfter = null;
  }

  #fire(): void {
    this.#armedForMs = Number.POSITIVE_INFINITY;
    const now = this.#now();
    let next = Number.POSITIVE_INFINITY;
    const overdue: PendingCall[] = [];
    for (let pending = this.#first; pending !== null; pending = pending.watchedAfter) {
      if (pending.deadlineMs <= now) overdue.push(pending);
      else next = Math.min(next, pending.deadlineMs);
    }
    if (overdue.length > 0) this.#expire(overdue, now);
    if (next < this.#armedForMs) this.#arm(next);
  }

  #arm(atMs: number): void {
    clearTimeout(this.#timer);
    this.#armedForMs = atMs;
    // Reads first what has arrived meanwhile: a core that was held up must not give defaults for calls that are already
    // answered.
    this.#timer = setTimeout(() => setImmediate(() => this.#fire()), Math.max(0, Math.ceil(atMs - this.#now())));
    this.#timer.unref();
  }
}
