/** The calls of one module that wait for credit, each watched by its deadline until it has its verdict. */

import { performance } from 'node:perf_hooks';
import type { ModuleSpec } from '../../config/types.js';
import type { DefaultReason } from '../types.js';
import { Deadlines } from './deadlines.js';
import { Lines, Place } from './lines.js';
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

/** Defaults that wait for earlier calls of their conversation: as many as the queue takes, and at least so many. */
const HELD_MIN = 1000;

/**
 * First come, first served within a lane; what cannot be served in time gets the module's default verdict. Answers leave
 * in the order of their conversation, whatever gave them.
 */
export class CallQueue {
  #spec: QueueSettings;
  readonly #route: CallRoute;
  readonly #now: () => number;
  readonly #deadlines: Deadlines;
  /** In the order in which they are served. */
  readonly #lanes = { message: new WaitingLane(), notification: new WaitingLane() };
  readonly #lines = new Lines();
  #heldBytes = 0;

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

  /**
   * Takes one call; `settled` is called once, with its own or its default verdict, when the earlier calls of its
   * conversation have theirs.
   */
  offer(event: CallEvent, deadlineMs: number, conversation: string, settled: (answer: CallAnswer) => void): void {
    const refusal = this.#refusalOf(event, deadlineMs);
    if (refusal !== null && !this.#mayHold(event, conversation)) {
      settled(this.#defaultOf(refusal));
      return;
    }
    const place = this.#lines.join(new Place(conversation));
    const pending = new PendingCall(event, deadlineMs, (answer) => {
      this.#deadlines.delete(pending);
      this.#leave(place, event, () => settled(answer));
    });
    if (refusal !== null) this.giveDefault(pending, refusal);
    else {
      this.#lanes[laneOf(event)].push(pending);
      this.#deadlines.add(pending);
      this.dispatch();
    }
  }

  /**
   * Lets by what the module is not offered, behind the calls of its conversation that are here.
   *
   * @returns `false` when there are none: then `passed` is not called
   */
  follow(conversation: string, passed: () => void): boolean {
    if (!this.#lines.has(conversation)) return false;
    this.#lines.leave(this.#lines.join(new Place(conversation)), passed);
    return true;
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
    pending.settle(this.#defaultOf(reason));
  }

  #defaultOf(reason: DefaultReason): CallAnswer {
    const verdict = this.#spec.onFailure === 'consume' ? 'consumed' : 'pass';
    return { verdict, default: reason, params: null, payload: null };
  }

  /** Why a call cannot wait here; `null`: it can. */
  #refusalOf(event: CallEvent, deadlineMs: number): DefaultReason | null {
    if (deadlineMs <= this.#now()) return 'deadline';
    if (!this.#route.canWait(deadlineMs)) return 'down';
    return this.#isOverloaded(event) ? 'overload' : null;
  }

  /** Whether a default may wait for the calls before it. Who floods one conversation must not fill the memory so. */
  #mayHold(event: CallEvent, conversation: string): boolean {
    if (this.#spec.overload === 'wait' || !this.#lines.has(conversation)) return true;
    const bytes = this.#heldBytes === 0 ? 0 : this.#heldBytes + bytesOf(event);
    return this.#lines.held < Math.max(HELD_MIN, this.#spec.queue) && bytes <= this.#spec.queueBytes;
  }

  #leave(place: Place, event: CallEvent, go: () => void): void {
    if (place.before === null) {
      this.#lines.leave(place, go);
      return;
    }
    const bytes = bytesOf(event);
    this.#heldBytes += bytes;
    this.#lines.leave(place, () => {
      this.#heldBytes -= bytes;
      go();
    });
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
