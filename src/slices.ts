/** Much work in one go that lets everything else have its turn now and then. */

import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Others wait as long as this at most. */
const SLICE_MS = 2;

/** A slice begins when it is made, and when another one has ended. */
export class Slices {
  readonly #turn: () => void;
  #endMs = performance.now() + SLICE_MS;

  /** @param turn - called before each turn that others have */
  constructor(turn: () => void = () => undefined) {
    this.#turn = turn;
  }

  /** `null`: go on. Else it resolves when others have had their turn. */
  pause(): Promise<void> | null {
    return performance.now() < this.#endMs ? null : this.#next();
  }

  async #next(): Promise<void> {
    this.#turn();
    await nextTurn();
    this.#endMs = performance.now() + SLICE_MS;
  }
}
