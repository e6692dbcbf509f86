/** Counts durations by fixed bounds, as Prometheus wants them: the counts only grow. */

/** What was counted up to now. */
export interface Durations {
  /** How many took at most as long as each of `bounds`, which are in seconds. */
  bounds: readonly number[];
  counts: number[];
  /** All, those above the last bound included. */
  total: number;
  sumSeconds: number;
}

/** Fixed in size; to count one costs a few comparisons. */
export class DurationBuckets {
  readonly #boundsMicros: readonly number[];
  readonly #counts: Float64Array;
  #sumMicros = 0;

  /** @param boundsMicros - in microseconds, each greater than the one before */
  constructor(boundsMicros: readonly number[]) {
    this.#boundsMicros = boundsMicros;
    this.#counts = new Float64Array(boundsMicros.length + 1);
  }

  /** Counts one duration. */
  record(micros: number): void {
    const bounds = this.#boundsMicros;
    let at = 0;
    while (at < bounds.length && micros > (bounds[at] as number)) at += 1;
    (this.#counts[at] as number) += 1;
    this.#sumMicros += micros;
  }

  read(): Durations {
    let total = 0;
    const sums = [...this.#counts].map((count) => {
      total += count;
      return total;
    });
    sums.pop();
    const bounds = this.#boundsMicros.map((micros) => micros / 1e6);
    return { bounds, counts: sums, total, sumSeconds: this.#sumMicros / 1e6 };
  }
}
