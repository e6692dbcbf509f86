/** How late the event loop is: a timer runs ten times a second, and counts by how much it is late. */

import { performance } from 'node:perf_hooks';
import { DurationBuckets, type Durations } from '../duration-buckets.js';

const EVERY_MS = 100;
const BOUNDS_MICROS = [
  1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000,
];

/** Looks from {@link start} to {@link close}. What was counted stays. */
export class EventLoopLag {
  readonly #buckets = new DurationBuckets(BOUNDS_MICROS);
  #timer: NodeJS.Timeout | undefined;

  start(): void {
    if (this.#timer === undefined) this.#plan();
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  read(): Durations {
    return this.#buckets.read();
  }

  #plan(): void {
    const plannedMs = performance.now() + EVERY_MS;
    // It keeps no process from its end.
    this.#timer = setTimeout(() => {
      this.#buckets.record(Math.max(0, Math.round((performance.now() - plannedMs) * 1000)));
      this.#plan();
    }, EVERY_MS).unref();
  }
}
