/** The time after a reload in which the hosts that were replaced are kept, so that they can take over again. */

import { performance } from 'node:perf_hooks';
import type { ModuleSpec } from '../../config/types.js';

/** This part of `deadline` is for the callback, and the rest for the way back. */
const PART_OF_DEADLINE = 0.75;
/** Below this a module may be slow now and then, and is not taken for one that hangs. */
const LEAST_CALLBACK_MS = 500;

/**
 * How long a callback may run on probation. It ends before messages that wait behind it reach their deadline, so that the kept
 * host can answer them.
 */
export function callbackLimit({ hangMs, deadlineMs }: Pick<ModuleSpec, 'hangMs' | 'deadlineMs'>): number {
  return Math.min(hangMs ?? Number.POSITIVE_INFINITY, Math.max(LEAST_CALLBACK_MS, PART_OF_DEADLINE * deadlineMs));
}

/** How a probation has ended. */
export type ProbationEnd =
  /** The new hosts have held for so long. */
  | { kind: 'passed' }
  /** An order for the module came, or the kept hosts have died: the new hosts go on, and there is no way back. */
  | { kind: 'ended'; why: string }
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

  /** Tells how it has ended. */
  end(end: ProbationEnd): void {
    clearTimeout(this.#timer);
    this.#settle(end);
  }
}
