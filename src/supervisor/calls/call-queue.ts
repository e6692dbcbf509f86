/** The calls of one module that wait for credit, each watched by its deadline until it has its verdict. */

import { performance } from 'node:perf_hooks';
import type { ModuleSpec } from '../../config/types.js';
import type { DefaultReason } from '../types.js';
import { Deadlines } from './deadlines.js';
import { bytesOf, type CallAnswer, type CallEvent, LANES, type LaneName, laneOf, PendingCall } from './pending-call.js';
import { WaitingLane } from './waiting-lane.js';

/** Where calls go from here. */
export interface CallRoute {
  /** Calls of a lane that may be handed over now. */
  credit(lane: LaneName): number;
  /** Hands one call over; only with credit. */
  call(pending: PendingCall, nowMs: number): void;
  /** Whether a call with this deadline can still reach a host. */
  canWait(deadlineMs: number): boolean;
  /** Settles the calls that are finished, although the host cannot report them while it executes the next one. */
  takeFinished(): void;
}

/** The settings of a queue. */
export interface QueueSettings extends Pick<ModuleSpec, 'queue' | 'overload' | 'onFailure'> {
  queueBytes: number;
}

/** First come, first served within a lane; what cannot be served in time gets the module's default verdict. */
export class CallQueue {
  #spec: QueueSettings;
  readonly #route: CallRoute;
  readonly #now: () => number;
  readonly #deadlines: Deadlines;
  /** In the order in which they are served. */
  readonly #lanes = { message: new WaitingLane(), notification: new WaitingLane() };

  /** @param now the clock that deadlines are on, in milliseconds */
  constructor(spec: QueueSettings, route: CallRoute, now = () => performance.now()) {
    this.#spec = spec;
    this.#route = route;
    this.#now = now;
    this.#deadlines = new Deadlines((overdue) => this.#expire(overdue), now);
  }

  /** Takes other settings, also for the calls that wait here already. */
  configure(spec: QueueSettings): void {
    this.#spec = spec;
  }

  /** Calls that wait for credit. */
  get length(): number {
    return this.#lanes.message.length + this.#lanes.notification.length;
  }

  /** Takes one call; `settled` is called once, with its own or its default verdict. */
  offer(event: CallEvent, deadlineMs: number, settled: (answer: CallAnswer) => void): void {
    const pending = new PendingCall(event, deadlineMs, (answer) => {
      this.#deadlines.delete(pending);
      settled(answer);
    });
    if (deadlineMs <= this.#now()) this.giveDefault(pending, 'deadline');
    else if (!this.#route.canWait(deadlineMs)) this.giveDefault(pending, 'down');
    else if (this.#isOverloaded(event)) this.giveDefault(pending, 'overload');
    else {
      this.#lanes[laneOf(event)].push(pending);
      this.#deadlines.add(pending);
      this.dispatch();
    }
  }

  /** Hands over what there is credit for. */
  dispatch(): void {
    const now = this.#now();
    for (const name of LANES) {
      this.#lanes[name].handOver(
        () => this.#route.credit(name) > 0,
        (pending) => this.#route.call(pending, now),
      );
    }
  }

  /** Takes calls back that were handed over and never begun: they are the oldest. */
  putBack(calls: PendingCall[]): void {
    for (const name of LANES) {
      this.#lanes[name].putBack(calls.filter(({ event, settled }) => !settled && laneOf(event) === name));
    }
  }

  /** Gives the default to every waiting call that the next start comes too late for. */
  bypass(): void {
    const stranded = this.#remove(({ deadlineMs }) => !this.#route.canWait(deadlineMs));
    for (const pending of stranded) this.giveDefault(pending, 'down');
  }

  /** Gives a call the verdict that the configuration has for a module that cannot give one. */
  giveDefault(pending: PendingCall, reason: DefaultReason): void {
    const verdict = this.#spec.onFailure === 'consume' ? 'consumed' : 'pass';
    pending.settle({ verdict, default: reason, params: null, payload: null });
  }

  /** With `overload = wait` a caller waits for room, at most until its deadline. */
  #isOverloaded(event: CallEvent): boolean {
    const lane = this.#lanes[laneOf(event)];
    if (this.#spec.overload === 'wait' || this.#route.credit(laneOf(event)) > lane.length) return false;
    // One call always finds room, however large it is.
    const bytes = lane.bytes === 0 ? 0 : lane.bytes + bytesOf(event);
    return lane.length >= this.#spec.queue || bytes > this.#spec.queueBytes;
  }

  #expire(overdue: PendingCall[]): void {
    this.#route.takeFinished();
    for (const pending of overdue) this.giveDefault(pending, 'deadline');
    this.#remove(({ settled }) => settled);
  }

  #remove(matches: (pending: PendingCall) => boolean): PendingCall[] {
    return [...this.#lanes.message.remove(matches), ...this.#lanes.notification.remove(matches)];
  }
}
