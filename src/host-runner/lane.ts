/** Calls of one kind on their way into the shim: as the core sent them, then laid out in a batch. */

import { type EncodedCalls, encodeCalls, type PendingCall, skipCalls } from './calls.js';

const BATCH_CALLS = 256;
const BATCH_BYTES = 1024 * 1024;
const NO_CALLS: EncodedCalls = { bytes: Buffer.alloc(0), count: 0 };

/** First come, first served. */
export class Lane {
  #pending: PendingCall[] = [];
  #batch = NO_CALLS;

  get isEmpty(): boolean {
    return this.#batch.count === 0 && this.#pending.length === 0;
  }

  /** Takes one call. */
  push(pending: PendingCall): void {
    this.#pending.push(pending);
  }

  /** The calls that are next. */
  batch(): EncodedCalls {
    if (this.#batch.count === 0 && this.#pending.length > 0) {
      this.#batch = encodeCalls(this.#pending, BATCH_CALLS, BATCH_BYTES);
      this.#pending = this.#pending.slice(this.#batch.count);
    }
    return this.#batch;
  }

  /** The first calls of the batch were executed. */
  skip(executed: number): void {
    this.#batch = skipCalls(this.#batch, executed);
  }
}
