/** Takes the stack of a host that is slow to become ready, a moment before its time is over. */

import { performance } from 'node:perf_hooks';
import type { Run, StackTaking } from '../runner/runner.js';
import { stackAfter } from './liveness.js';

/** A timer may fire so much before its time. */
const EARLY_MS = 2;

/** One start. */
export class StartStack {
  #taking: StackTaking | null = null;
  #timer: NodeJS.Timeout | undefined;

  /** What was taken, or is being taken; `null`: nothing. */
  get taking(): StackTaking | null {
    return this.#taking;
  }

  /** Waits from when the process begins. */
  watch(run: Run, startTimeoutMs: number): void {
    const nowMs = performance.now();
    const leftMs = (run.beganMs ?? nowMs) + stackAfter(startTimeoutMs) - nowMs;
    this.#timer = setTimeout(() => this.#look(run, startTimeoutMs), leftMs);
    this.#timer.unref();
  }

  /** The host is ready, or is being ended. */
  close(): void {
    clearTimeout(this.#timer);
  }

  #look(run: Run, startTimeoutMs: number): void {
    const { beganMs } = run;
    const isDue = beganMs !== null && beganMs + stackAfter(startTimeoutMs) - performance.now() <= EARLY_MS;
    if (!isDue) this.watch(run, startTimeoutMs);
    else if (run.tracedBy() === null) this.#taking = run.takeStack();
  }
}
