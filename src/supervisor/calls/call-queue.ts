/** The calls of one module that wait for credit, each watched by its deadline until it has its verdict. */

import { performance } from 'node:perf_hooks';
import type { ModuleSpec } from '../../config/types.js';
import type { CallEvent } from '../../wire/call-event.js';
import { LANES, type Lane } from '../../wire/event-kinds.js';
import type { DefaultReason } from '../types.js';
import { CONSUMED_BY_DEFAULT, PASSED_BY_DEFAULT } from './answer.js';
import type { Conversation } from './conversation.js';
import { Deadlines } from './deadlines.js';
import { Lines, Place } from './lines.js';
import { type AnswerTaker, type CallAnswer, type CallKeeper, type Follower, PendingCall } from './pending-call.js';
import { WaitingLane } from './waiting-lane.js';

/** Where calls go from here. */
export interface CallRoute {
  /** Calls of a lane that may be handed over now. */
  credit(lane: Lane): number;
  /** Hands one call over; only with credit. */
  call(pending: PendingCall, nowMs: number): void;
  /** Whether a call with this deadline can still reach a host. */
  canWait(deadlineMs: number): boolean;
  /** Settles the calls that are finished, although the host cannot report them while it executes the next one. */
  takeFinished(): void;
  /** Called when an answer leaves, for counting. */
  told(event: CallEvent, answer: CallAnswer, micros: number): void;
}

/** The settings of a queue. */
export interface QueueSettings extends Pick<ModuleSpec, 'queue' | 'overload' | 'onFailure'> {
  queueBytes: number;
}

/** How many defaults may wait for earlier calls of their conversation: as many as the queue takes, and at least this many. */
const HELD_MIN = 1000;

/**
 * First come, first served within a lane. A call that cannot be served in time gets the module's default verdict. Answers of a
 * conversation leave in its order, whether they are own or default verdicts.
 */
export class CallQueue implements CallKeeper {
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
    this.#deadlines = new Deadlines((overdue, nowMs) => this.#expire(overdue, nowMs), now);
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
   * Takes one call. `taker` is told once: the module's verdict or the default one, after the earlier calls of its conversation.
   */
  offer(event: CallEvent, deadlineMs: number, nowMs: number, conversation: Conversation, taker: AnswerTaker): void {
    const { lane: name } = event;
    const lane = this.#lanes[name];
    const credit = this.#route.credit(name);
    const refusal = this.#refusalOf(event, lane, credit, deadlineMs, nowMs);
    if (refusal !== null && !this.#mayHold(event, conversation)) {
      const answer = this.#defaultOf(refusal);
      this.#route.told(event, answer, 0);
      taker.given?.(false);
      taker.answered(answer, nowMs);
      return;
    }
    const pending = this.#lines.join(new PendingCall(event, deadlineMs, nowMs, conversation, this, taker));
    if (refusal !== null) {
      this.giveDefault(pending, refusal, nowMs);
      return;
    }
    this.#deadlines.add(pending);
    if (lane.length === 0 && credit > 0) {
      this.#route.call(pending, nowMs);
    } else {
      lane.push(pending);
      this.#handOver(name, nowMs);
    }
  }

  /**
   * Lets an event pass that the module is not offered, after the calls of its conversation that are here.
   *
   * @returns `false` when there are none: then the follower is told nothing
   */
  follow(conversation: Conversation, follower: Follower): boolean {
    if (!this.#lines.has(conversation)) return false;
    this.#lines.leave(this.#lines.join(new Following(conversation, follower)), this.#now());
    return true;
  }

  /** Hands over what there is credit for. */
  dispatch(nowMs = this.#now()): void {
    for (const name of LANES) if (this.#lanes[name].length > 0) this.#handOver(name, nowMs);
  }

  /** Takes back calls that were handed over and never begun. They are the oldest. */
  putBack(calls: PendingCall[]): void {
    for (const pending of calls) {
      pending.seq = 0;
      if (pending.settled) pending.tellGiven(false);
    }
    for (const name of LANES) {
      this.#lanes[name].putBack(calls.filter(({ event, settled }) => !settled && event.lane === name));
    }
  }

  /** Gives the default to every waiting call whose deadline ends before the next start. */
  bypass(): void {
    const stranded = this.#remove(({ deadlineMs }) => !this.#route.canWait(deadlineMs));
    for (const pending of stranded) this.giveDefault(pending, 'down');
  }

  /** Gives a call the verdict that the configuration has for a module that cannot give one. */
  giveDefault(pending: PendingCall, reason: DefaultReason, nowMs = this.#now()): void {
    // For a call that a host holds, the host or its black box says it.
    if (pending.seq === 0) pending.tellGiven(false);
    pending.settle(this.#defaultOf(reason), nowMs);
  }

  // ---- what calls tell ----

  settled(pending: PendingCall, nowMs: number): void {
    this.#deadlines.delete(pending);
    if (pending.before !== null) {
      pending.isHeldBack = true;
      this.#heldBytes += pending.event.heldBytes;
    }
    this.#lines.leave(pending, nowMs);
  }

  leaves(pending: PendingCall, answer: CallAnswer, nowMs: number): void {
    if (pending.isHeldBack) this.#heldBytes -= pending.event.heldBytes;
    this.#route.told(pending.event, answer, Math.round((nowMs - pending.beganMs) * 1000));
    pending.taker.answered(answer, nowMs);
  }

  #handOver(name: Lane, nowMs: number): void {
    const lane = this.#lanes[name];
    while (lane.length > 0 && this.#route.credit(name) > 0) {
      const pending = lane.next();
      if (pending !== null) this.#route.call(pending, nowMs);
    }
  }

  #defaultOf(reason: DefaultReason): CallAnswer {
    return (this.#spec.onFailure === 'consume' ? CONSUMED_BY_DEFAULT : PASSED_BY_DEFAULT)[reason];
  }

  /** Why a call cannot wait here; `null`: it can. */
  #refusalOf(
    event: CallEvent,
    lane: WaitingLane,
    credit: number,
    deadlineMs: number,
    nowMs: number,
  ): DefaultReason | null {
    if (deadlineMs <= nowMs) return 'deadline';
    if (!this.#route.canWait(deadlineMs)) return 'down';
    return credit <= lane.length && this.#isOverloaded(event, lane) ? 'overload' : null;
  }

  /**
   * Whether a default may wait for the calls before it. The bound keeps a flood in one conversation from filling the memory.
   */
  #mayHold(event: CallEvent, conversation: Conversation): boolean {
    if (this.#spec.overload === 'wait' || !this.#lines.has(conversation)) return true;
    const bytes = this.#heldBytes === 0 ? 0 : this.#heldBytes + event.heldBytes;
    return this.#lines.held < Math.max(HELD_MIN, this.#spec.queue) && bytes <= this.#spec.queueBytes;
  }

  /** There is no credit. With `overload = wait` a caller waits for room, at most until its deadline. */
  #isOverloaded(event: CallEvent, lane: WaitingLane): boolean {
    if (this.#spec.overload === 'wait') return false;
    // One call always finds room, however large it is.
    const bytes = lane.bytes === 0 ? 0 : lane.bytes + event.heldBytes;
    return lane.length >= this.#spec.queue || bytes > this.#spec.queueBytes;
  }

  #expire(overdue: PendingCall[], nowMs: number): void {
    this.#route.takeFinished();
    for (const pending of overdue) this.giveDefault(pending, 'deadline', nowMs);
    this.#remove(({ settled }) => settled);
  }

  #remove(matches: (pending: PendingCall) => boolean): PendingCall[] {
    return [...this.#lanes.message.remove(matches), ...this.#lanes.notification.remove(matches)];
  }
}

/** The place of a follower. */
class Following extends Place {
  readonly #follower: Follower;

  constructor(conversation: Conversation, follower: Follower) {
    super(conversation);
    this.#follower = follower;
  }

  override go(nowMs: number): void {
    this.#follower.passed(nowMs);
  }
}
