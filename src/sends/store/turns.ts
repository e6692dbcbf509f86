/** Turns of the event loop within long work on files. */

import { setImmediate as nextTurn } from 'node:timers/promises';

/** So long nothing else has its turn. */
const WORK_MS = 5;

/** Lets everything else have its turn, when that is due. */
export class Turns {
  readonly #turn: () => void;
  #beganMs = performance.now();

  /** @param turn called before each turn that others have */
  constructor(turn: () => void) {
    this.#turn = turn;
  }

  get isDue(): boolean {
    return performance.now() - this.#beganMs >= WORK_MS;
  }

  async next(): Promise<void> {
    this.#turn();
    await nextTurn();
    this.#beganMs = performance.now();
  }
}
