/** Where the calls came from that a host was given last: a module may send because of a call that is over. Pure. */

import type { Origin } from '../types.js';

/** So many are remembered, of the calls given last. */
const MAX_CALLS = 16_384;
const FEWEST = 64;

/** The origins of answered calls, by their sequence numbers. Those without an origin take no room, and no time. */
export class Origins {
  readonly #max: number;
  /** By the last digits of the sequence number; the length is a power of two. */
  #seqs = new Float64Array(FEWEST);
  #origins: (Origin | null)[] = new Array(FEWEST).fill(null);

  constructor(max = MAX_CALLS) {
    this.#max = max;
  }

  /** Remembers that of one call. */
  remember(seq: number, origin: Origin): void {
    let at = seq % this.#seqs.length;
    while (this.#origins[at] !== null && this.#seqs.length < this.#max && !this.#isOld(at, seq)) {
      this.#grow();
      at = seq % this.#seqs.length;
    }
    // An old call that is answered late stays out where a newer one is.
    if (seq < (this.#seqs[at] as number)) return;
    this.#seqs[at] = seq;
    this.#origins[at] = origin;
  }

  /** @returns `null`: it had none, or is forgotten */
  find(seq: number): Origin | null {
    const at = seq % this.#seqs.length;
    return this.#seqs[at] === seq ? (this.#origins[at] ?? null) : null;
  }

  #isOld(at: number, seq: number): boolean {
    return seq - (this.#seqs[at] as number) >= this.#max;
  }

  #grow(): void {
    const [seqs, origins] = [this.#seqs, this.#origins];
    this.#seqs = new Float64Array(2 * seqs.length);
    this.#origins = new Array(2 * seqs.length).fill(null);
    origins.forEach((origin, i) => {
      const seq = seqs[i] as number;
      const at = seq % this.#seqs.length;
      if (origin === null) return;
      this.#seqs[at] = seq;
      this.#origins[at] = origin;
    });
  }
}
