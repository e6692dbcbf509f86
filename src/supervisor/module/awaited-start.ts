/** Who waits for a start of a module to come to its end. */

import type { SupervisorError } from '../../errors.js';

/** At most one at a time: orders come one after the other. */
export class AwaitedStart {
  #waiting: { generation: number; settle: (refusal: SupervisorError | null) => void } | null = null;

  /** Waits for a host of `generation` or later to be ready, or to fail. */
  wait(generation: number): Promise<SupervisorError | null> {
    return new Promise((settle) => {
      this.#waiting = { generation, settle };
    });
  }

  /** A host is ready, or has failed; `isLast`: no later one will come. */
  settle(generation: number, refusal: SupervisorError | null, isLast: boolean): void {
    if (this.#waiting === null || (generation < this.#waiting.generation && !isLast)) return;
    const { settle } = this.#waiting;
    this.#waiting = null;
    settle(refusal);
  }
}
