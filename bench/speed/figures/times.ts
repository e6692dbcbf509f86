/**
 * Counts how often each time occurred, in little memory. A long list would give the garbage collector of the measured process
 * more work than its messages do. Pure.
 */

/** The factor from one step to the next. */
const STEP = 1.01;
const STEPS_PER_E = 1 / Math.log(STEP);
/** The shortest time that has a step of its own, in microseconds. */
const LEAST = 0.1;
/** Up to about an hour. */
const STEPS = 2_500;

/** Counts times, each rounded to one of steps of 1%. */
export class Times {
  readonly #counts = new Uint32Array(STEPS);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Adds a time in microseconds. */
  add(micros: number): void {
    const step = Math.log(micros / LEAST) * STEPS_PER_E;
    const at = step > 0 ? Math.min(STEPS - 1, Math.floor(step)) : 0;
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#count += 1;
  }

  /** The time below which a share of them lies, within 1%; 0 when there is none. */
  percentile(share: number): number {
    if (this.#count === 0) return 0;
    let left = Math.floor(share * (this.#count - 1));
    for (const [at, count] of this.#counts.entries()) {
      if (left < count) return LEAST * STEP ** (at + 0.5);
      left -= count;
    }
    return 0;
  }
}
