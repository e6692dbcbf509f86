/** Counts round trips from the end of the warm-up on, and the CPU time that they cost. */

import { performance } from 'node:perf_hooks';
import { Times } from '../figures/times.js';
import type { Load } from './arguments.js';
import { cpuMicros } from './cpu.js';

/** What a rate's program prints; times are microseconds, CPU time is that of one message. */
export type RateSample = {
  rate: number;
  p50: number;
  p99: number;
  /** Of the process that offers the messages. */
  core: number;
  /** Of those that answer; left out when there are none. */
  host?: number;
};

export class Meter {
  readonly #processes: readonly number[];
  readonly #from: number;
  readonly #until: number;
  readonly #times = new Times();
  #beganAt = 0;
  #seconds = 0;
  #cpu: number[] = [];
  /** Called when the warm-up is over, and when all is measured. */
  readonly #listener: { begun(): void; done(): void } | null;

  /** Whether all is measured. */
  over = false;

  /** @param processes - pids: first the one that offers the messages, then those that answer */
  constructor(
    processes: readonly number[],
    { warmMs, measureMs }: Pick<Load, 'warmMs' | 'measureMs'>,
    listener: { begun(): void; done(): void } | null = null,
  ) {
    this.#processes = processes;
    this.#from = performance.now() + warmMs;
    this.#until = this.#from + measureMs;
    this.#listener = listener;
  }

  /** Notes the end of a round trip that began at that time; returns what time it is. */
  note(began: number): number {
    const now = performance.now();
    if (now < this.#from || this.over) return now;
    if (this.#times.count === 0) this.#begin(now);
    this.#times.add((now - began) * 1000);
    if (now >= this.#until) this.#end(now);
    return now;
  }

  result(): RateSample {
    const times = this.#times;
    const [core = 0, ...hosts] = this.#cpu.map((micros) => micros / times.count);
    const sample = { rate: times.count / this.#seconds, p50: times.percentile(0.5), p99: times.percentile(0.99) };
    return hosts.length === 0 ? { ...sample, core } : { ...sample, core, host: hosts.reduce((sum, one) => sum + one) };
  }

  #begin(now: number): void {
    this.#listener?.begun();
    this.#beganAt = now;
    this.#cpu = this.#processes.map(cpuMicros);
  }

  #end(now: number): void {
    this.over = true;
    this.#seconds = (now - this.#beganAt) / 1000;
    this.#cpu = this.#processes.map((pid, at) => cpuMicros(pid) - (this.#cpu[at] ?? 0));
    this.#listener?.done();
  }
}
