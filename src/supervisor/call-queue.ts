/** The calls of one module that wait for credit, each watched by its deadline until it has its verdict. */

import { performance } from 'node:perf_hooks';
import type { ModuleSpec } from '../config/types.js';
import { Deadlines } from './deadlines.js';
import { type CallAnswer, type CallEvent, PendingCall } from './pending-call.js';
import type { DefaultReason } from './types.js';

/** Where calls go from here. */
export interface CallRoute {
  /** Calls that may be handed over now. */
  readonly credit: number;
  /** Hands one call over; only with credit. */
  call(pending: PendingCall, nowMs: number): void;
  /** Whether a call with this deadline can still reach a host. */
  canWait(deadlineMs: number): boolean;
}

/** First come, first served; what cannot be served in time gets the module's default verdict. */
export class CallQueue {
  readonly #spec: Pick<ModuleSpec, 'queue' | 'onFailure'>;
  readonly #route: CallRoute;
  readonly #now: () => number;
  readonly #deadlines: Deadlines;
  #waiting: PendingCall[] = [];

  /** @param now the clock that deadlines are on, in milliseconds */
  constructor(spec: Pick<ModuleSpec, 'queue' | 'onFailure'>, route: CallRoute, now = () => performance.now()) {
    this.#spec = spec;
    this.#route = route;
    this.#now = now;
    this.#deadlines = new Deadlines((overdue) => this.#expire(overdue), now);
  }

  /** Calls that wait for credit. */
  get length(): number {
    return this.#waiting.length;
  }

  /** Takes one call; `settled` is called once, with its own or its default verdict. */
  offer(event: CallEvent, deadlineMs: number, settled: (answer: CallAnswer) => void): void {
    const pending = new PendingCall(event, deadlineMs, (answer) => {
      this.#deadlines.delete(pending);
      settled(answer);
    });
    if (deadlineMs <= this.#now()) this.giveDefault(pending, 'deadline');
    else if (!this.#route.canWait(deadlineMs)) this.giveDefault(pending, 'down');
    else if (this.#waiting.length >= this.#spec.queue && this.#route.credit === 0)
      this.giveDefault(pending, 'overload');
    else {
      this.#waiting.push(pending);
      this.#deadlines.add(pending);
      this.dispatch();
    }
  }

  /** Hands over what there is credit for. */
  dispatch(): void {
    const now = this.#now();
    let taken = 0;
    for (; taken < this.#waiting.length && this.#route.credit > 0; taken++) {
      const pending = this.#waiting[taken] as PendingCall;
      if (!pending.settled) this.#route.call(pending, now);
    }
    this.#waiting.splice(0, taken);
  }

  /** Takes calls back that were handed over and never begun: they are the oldest. */
  putBack(calls: PendingCall[]): void {
    this.#waiting = [...calls.filter((pending) => !pending.settled), ...this.#waiting];
  }

  /** Gives the default to every waiting call that the next start comes too late for. */
  bypass(): void {
    const stranded: PendingCall[] = [];
    this.#waiting = this.#waiting.filter((pending) => {
      const waits = this.#route.canWait(pending.deadlineMs);
      if (!waits) stranded.push(pending);
      return waits;
    });
    for (const pending of stranded) this.giveDefault(pending, 'down');
  }

  /** Gives a call the verdict that the configuration has for a module that cannot give one. */
  giveDefault(pending: PendingCall, reason: DefaultReason): void {
    const verdict = this.#spec.onFailure === 'consume' ? 'consumed' : 'pass';
    pending.settle({ verdict, default: reason, params: null, payload: null });
  }

  #expire(overdue: PendingCall[]): void {
    for (const pending of overdue) this.giveDefault(pending, 'deadline');
    this.#waiting = this.#waiting.filter((pending) => !pending.settled);
  }
}
