/** One timer that does not blame others when its own process was held up. */

import { performance } from 'node:perf_hooks';

/** A timer that fires later than this has found the event loop busy. */
const LATE_MS = 100;

/** Fires once after a time; fired late, it first lets what arrived meanwhile be read. */
export class PatientTimer {
  readonly #fire: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(fire: () => void) {
    this.#fire = fire;
  }

  /** Begins anew. */
  arm(ms: number): void {
    clearTimeout(this.#timer);
    const dueMs = performance.now() + ms;
    this.#timer = setTimeout(() => {
      if (performance.now() - dueMs > LATE_MS && ms > LATE_MS) this.arm(LATE_MS);
      else this.#fire();
    }, ms);
  }

  disarm(): void {
    clearTimeout(this.#timer);
  }
}
