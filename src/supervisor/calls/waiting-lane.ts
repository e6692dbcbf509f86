/** Calls of one kind that wait, in order, with the bytes that they hold. */

import { bytesOf, type PendingCall } from './pending-call.js';

/** First come, first served. */
export class WaitingLane {
  #waiting: PendingCall[] = [];
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
    this.#bytes += bytesOf(pending.event);
  }

  /** Puts calls before all that wait. */
  putBack(calls: PendingCall[]): void {
    this.#waiting = [...calls, ...this.#waiting];
    for (const { event } of calls) this.#bytes += bytesOf(event);
  }

  /** Takes calls out, one after the other while `may` says so; those that have their verdict are dropped. */
  handOver(may: () => boolean, take: (pending: PendingCall) => void): void {
    let taken = 0;
    for (; taken < this.#waiting.length && may(); taken++) {
      const pending = this.#waiting[taken] as PendingCall;
      this.#bytes -= bytesOf(pending.event);
      if (!pending.settled) take(pending);
    }
    this.#waiting.splice(0, taken);
  }

  /** Takes out every call that matches. */
  remove(matches: (pending: PendingCall) => boolean): PendingCall[] {
    const removed: PendingCall[] = [];
    this.#waiting = this.#waiting.filter((pending) => {
      if (!matches(pending)) return true;
      removed.push(pending);
      this.#bytes -= bytesOf(pending.event);
      return false;
    });
    return removed;
  }
}
