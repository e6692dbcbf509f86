/** Much work in one go, in which everything else has its turn now and then. */

import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** A slice begins when it is made, and when another one has ended. */
export class Slices {
  readonly #mostMs: number;
  #endMs: number;

  /** @param mostMs - how long others may wait */
  constructor(mostMs = 2) {
    this.#mostMs = mostMs;
    this.#endMs = performance.now() + mostMs;
  }

  /** `null`: go on. Else it resolves when others have had their turn. */
  pause(): Promise<void> | null {
    return performance.now() < this.#endMs ? null : this.#next();
  }

  async #next(): Promise<void> {
    await nextTurn();
    this.#endMs = performance.now() + this.#mostMs;
  }
}
