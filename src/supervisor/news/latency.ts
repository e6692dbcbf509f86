/** A histogram of durations with a fixed size and a relative error of 5%. */

const GROWTH = Math.log(1.1);
const BUCKETS = 256;

/** Counts durations in microseconds, from 1 to beyond an hour. */
export class LatencyHistogram {
  readonly #counts = new Uint32Array(BUCKETS);
  #total = 0;

  /** Counts one duration. */
  record(micros: number): void {
    const bucket = Math.min(BUCKETS - 1, Math.max(0, Math.round(Math.log(Math.max(1, micros)) / GROWTH)));
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#total += 1;
  }

  /** The duration that the share `quantile` (0 to 1) did not exceed; `null` when nothing was counted. */
  quantile(quantile: number): number | null {
    if (this.#total === 0) return null;
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.#counts[bucket] ?? 0;
      if (seen >= quantile * this.#total) return Math.round(Math.exp(bucket * GROWTH));
    }
    return null;
  }
}
