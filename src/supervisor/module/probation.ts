/** The time after a reload in which the hosts that were replaced are kept, so that they can take over again. */

import { performance } from 'node:perf_hooks';
import type { ModuleSpec } from '../../config/types.js';

/** How a probation has ended. */
export type ProbationEnd =
  /** The new hosts have held for so long. */
  | { kind: 'passed' }
  /** An order for the module came, or no kept host is left: the new hosts go on, and there is no way back. */
  | { kind: 'ended'; why: string; afterMs: number }
  /** A new host failed, and the kept hosts serve again. */
  | { kind: 'went-back'; reason: string };

/** Of one module, from the moment that new hosts have taken over. */
export class Probation {
  /** The settings of the kept hosts. */
  readonly before: ModuleSpec;
  /** On the clock of `performance.now()`. */
  readonly untilMs: number;
  /** Resolves when it has ended. Never rejects. */
  readonly ended: Promise<ProbationEnd>;
  readonly #sinceMs = performance.now();
  readonly #timer: NodeJS.Timeout;
  #settle: (end: ProbationEnd) => void = () => undefined;

  /** @param passed - the time is over */
  constructor(before: ModuleSpec, ms: number, passed: () => void) {
    this.before = before;
    this.untilMs = performance.now() + ms;
    this.ended = new Promise((settle) => {
      this.#settle = settle;
    });
    this.#timer = setTimeout(passed, ms);
  }

  /** For how long it has lasted. */
  get ageMs(): number {
    return Math.round(performance.now() - this.#sinceMs);
  }

  /** Tells how it has ended. */
  end(end: ProbationEnd): void {
    clearTimeout(this.#timer);
    this.#settle(end);
  }
}
