/** Keeps messages in flight at a peer: each answer lets the next one go. */

import { performance } from 'node:perf_hooks';
import type { Load } from '../arguments.js';
import { Meter, type RateSample } from '../meter.js';

export class Window {
  readonly #size: number;
  readonly #meter: Meter;
  readonly #send: (slot: number) => void;
  /** When each slot's message was offered. */
  readonly #offered: Float64Array;
  #finish: (sample: RateSample) => void = () => {};
  readonly #result = new Promise<RateSample>((resolve) => {
    this.#finish = resolve;
  });

  /**
   * @param processes - whose CPU time counts: first this one, then the one that answers
   * @param send - sends the message of a slot; the peer answers with the slot's number
   */
  constructor(load: Load, processes: readonly number[], send: (slot: number) => void) {
    this.#size = load.window;
    this.#meter = new Meter(processes, load);
    this.#send = send;
    this.#offered = new Float64Array(load.window);
  }

  /** Fills the window; resolves when all is measured. */
  run(): Promise<RateSample> {
    for (let slot = 0; slot < this.#size; slot++) this.#offer(slot, performance.now());
    return this.#result;
  }

  /** The message of a slot was answered. */
  answered(slot: number): void {
    if (this.#meter.over) return;
    const now = this.#meter.note(this.#offered[slot] ?? 0);
    if (this.#meter.over) this.#finish(this.#meter.result());
    else this.#offer(slot, now);
  }

  #offer(slot: number, now: number): void {
    this.#offered[slot] = now;
    this.#send(slot);
  }
}
