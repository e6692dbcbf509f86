/** Calls of one kind that wait, in order, with the bytes that they hold. */

import { CallRing } from './call-ring.js';
import type { PendingCall } from './pending-call.js';

/** First come, first served. */
export class WaitingLane {
  readonly #waiting = new CallRing();
  #bytes = 0;

  get length(): number {
    return this.#waiting.length;
  }

  /** What waits, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  push(pending: PendingCall): void {
    this.#waiting.push(pending);
    this.#bytes += pending.event.heldBytes;
  }

  /** Takes the first one out that has no verdict yet; those before it that have one are dropped. */
  next(): PendingCall | null {
    while (this.#waiting.length > 0) {
      const pending = this.#waiting.shift() as PendingCall;
      this.#bytes -= pending.event.heldBytes;
      if (!pending.settled) return pending;
    }
    return null;
  }

  /** Puts calls before all that wait. */
  putBack(calls: PendingCall[]): void {
    for (let i = calls.length - 1; i >= 0; i--) {
      const pending = calls[i] as PendingCall;
      this.#waiting.unshift(pending);
      this.#bytes += pending.event.heldBytes;
    }
  }

  /** Takes out every call that matches. */
  remove(matches: (pending: PendingCall) => boolean): PendingCall[] {
    const removed: PendingCall[] = [];
    for (const pending of this.#waiting.clear()) {
      if (matches(pending)) {
        removed.push(pending);
        this.#bytes -= pending.event.heldBytes;
      } else {
        this.#waiting.push(pending);
      }
    }
    return removed;
  }
}
