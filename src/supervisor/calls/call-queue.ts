/**
 * The calls of one module that wait for credit, each watched by its deadline until it has its verdict. Each replica has its own
 * waiting calls. The order of answers and the deadlines are common to all.
 */

import { performance } from 'node:perf_hooks';
import type { ModuleSpec } from '../../config/types.js';
import type { CallEvent } from '../../wire/call-event.js';
import { LANES, type Lane } from '../../wire/event-kinds.js';
import type { DefaultReason } from '../types.js';
import { CONSUMED_BY_DEFAULT, PASSED_BY_DEFAULT } from './answer.js';
import type { Conversation } from './conversation.js';
import { Deadlines } from './deadlines.js';
import { Homes } from './homes.js';
import { Lines, Place } from './lines.js';
import { Moves } from './moves.js';
import { type AnswerTaker, type CallAnswer, type CallKeeper, type Follower, PendingCall } from './pending-call.js';
import { type CallRoute, Shard } from './shard.js';
import type { WaitingLane } from './waiting-lane.js';

/** Who counts the answers of a module. */
export interface AnswerCounter {
  /** Called when an answer leaves. */
  told(event: CallEvent, answer: CallAnswer, micros: number): void;
  /** Called when a call that waited for one replica goes to another one. */
  moved(): void;
}

/** The settings of a queue. `queue` and `queueBytes` hold for each replica. */
export interface QueueSettings extends Pick<ModuleSpec, 'queue' | 'overload' | 'onFailure' | 'sticky'> {
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
  readonly #counter: AnswerCounter;
  readonly #now: () => number;
  readonly #deadlines: Deadlines;
  readonly #lines = new Lines();
  readonly #homes = new Homes(this.#lines);
  readonly #moves = new Moves(this.#homes, {
    arrived: (calls, from, target) => this.#arrived(calls, from, target),
    stranded: (pending) => this.giveDefault(pending, 'down'),
  });
  #heldBytes = 0;

  /** @param now the clock that deadlines are on, in milliseconds */
  constructor(spec: QueueSettings, counter: AnswerCounter, now = () => performance.now()) {
    this.#spec = spec;
    this.#counter = counter;
    this.#now = now;
    this.#deadlines = new Deadlines((overdue, nowMs) => this.#expire(overdue, nowMs), now);
  }

  /** Takes other settings, also for the calls that wait here already. */
  configure(spec: QueueSettings): void {
    this.#spec = spec;
  }

  /** Calls that wait for credit. */
  get length(): number {
    let { length } = this.#moves;
    for (const shard of this.#homes.shards) length += shard.length;
    return length;
  }

  // ---- replicas ----

  /** A replica takes its share of the conversations from now on. Calls that are here stay where they are. */
  add(index: number, route: CallRoute): Shard {
    const shard = new Shard(index, route);
    this.#homes.add(shard);
    this.dispatch();
    return shard;
  }

  /** A replica is gone, and its hosts hold no calls any more. What waits for it goes to others. */
  remove(shard: Shard): void {
    this.#homes.remove(shard);
    this.#relocate(shard, (hash) => this.#homes.homeOf(hash));
    this.#moves.lookAtAll(this.#spec.sticky);
    this.bypass();
    this.dispatch();
  }

  /** A host of this replica has answered a call that had its verdict, or will never do so. */
  released(pending: PendingCall): void {
    pending.shard?.overdue.delete(pending);
    if (this.#moves.length > 0) this.#moves.look(pending.conversation, this.#spec.sticky);
  }

  /**
   * Takes one call. `taker` is told once: the module's verdict or the default one, after the earlier calls of its conversation.
   *
   * @param bound the replica that it is for, as long as that one can come up in time; `null`: any
   * @param isCopy it is for that replica or for none, as the others get it too
   * @returns the replica that it went to, or that it waits for
   */
  offer(
    event: CallEvent,
    deadlineMs: number,
    nowMs: number,
    conversation: Conversation,
    taker: AnswerTaker,
    bound: Shard | null = null,
    isCopy = false,
  ): Shard {
    const { lane: name } = event;
    const { shards } = this.#homes;
    // What waits on its way to a replica that was removed comes first, also when one is left.
    const stays = bound !== null || (shards.length === 1 && this.#moves.length === 0);
    const left = stays ? null : this.#leftBy(event, conversation);
    const shard =
      left ??
      (shards.length === 1
        ? (shards[0] as Shard)
        : this.#homes.choose(conversation, deadlineMs, this.#spec.sticky, bound, isCopy));
    const lane = shard.lanes[name];
    const credit = left === null ? shard.route.credit(name) : 0;
    const refusal = this.#refusalOf(event, shard.route, left === null ? lane : this.#moves, credit, deadlineMs, nowMs);
    if (refusal !== null && !this.#mayHold(event, conversation)) {
      const answer = this.#defaultOf(refusal);
      this.#counter.told(event, answer, 0);
      taker.given?.(false);
      taker.answered(answer, nowMs);
      return shard;
    }
    const pending = this.#lines.join(new PendingCall(event, deadlineMs, nowMs, conversation, this, taker));
    pending.shard = left === null ? shard : null;
    pending.isBound = shard === bound;
    pending.isCopy = isCopy;
    if (refusal !== null) {
      this.giveDefault(pending, refusal, nowMs);
      return shard;
    }
    this.#deadlines.add(pending);
    if (left !== null) {
      this.#moves.add(pending, left);
    } else if (lane.length === 0 && credit > 0) {
      shard.route.call(pending, nowMs);
    } else {
      lane.push(pending);
      this.#handOver(shard, name, nowMs);
      // It is here because of earlier ones of its conversation, which only a status can have kept here.
      if (shards.length > 1 && !shard.route.isReady()) this.#relocateStranded();
    }
    return shard;
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

  /** Hands over what there is credit for, also to replicas other than those that it waits for. */
  dispatch(nowMs = this.#now()): void {
    if (this.#homes.shards.length > 1) this.#relocateStranded();
    for (const shard of this.#homes.shards) this.dispatchTo(shard, nowMs);
  }

  /** Hands over what waits for one replica, as far as there is credit. */
  dispatchTo(shard: Shard, nowMs = this.#now()): void {
    for (const name of LANES) if (shard.lanes[name].length > 0) this.#handOver(shard, name, nowMs);
  }

  /** Takes back calls that a replica was given and that were never begun. They are the oldest. */
  putBack(shard: Shard, calls: PendingCall[]): void {
    for (const pending of calls) pending.seq = 0;
    const overdue = calls.filter(({ settled }) => settled);
    for (const name of LANES) {
      shard.lanes[name].putBack(calls.filter(({ event, settled }) => !settled && event.lane === name));
    }
    // Only now: a conversation that has left may come here again, behind these.
    for (const pending of overdue) {
      this.released(pending);
      pending.tellGiven(false);
    }
  }

  /** Gives the default to every waiting call whose deadline ends before the next start. */
  bypass(): void {
    if (this.#homes.shards.length > 1) this.#relocateStranded();
    for (const { lanes, route } of this.#homes.shards) {
      if (this.#willMove(route)) continue;
      const stranded = ({ deadlineMs }: PendingCall) => !route.canWait(deadlineMs);
      for (const name of LANES) for (const pending of lanes[name].remove(stranded)) this.giveDefault(pending, 'down');
    }
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
    if (pending.shard === null) this.#moves.drop(pending);
    if (pending.before !== null) {
      pending.isHeldBack = true;
      this.#heldBytes += pending.event.heldBytes;
    }
    this.#lines.leave(pending, nowMs);
    if (this.#moves.length > 0) this.#moves.look(pending.conversation, this.#spec.sticky);
  }

  leaves(pending: PendingCall, answer: CallAnswer, nowMs: number): void {
    if (pending.isHeldBack) this.#heldBytes -= pending.event.heldBytes;
    this.#counter.told(pending.event, answer, Math.round((nowMs - pending.beganMs) * 1000));
    pending.taker.answered(answer, nowMs);
  }

  /** Without room to wait a conversation stays where it is. */
  #leftBy(event: CallEvent, conversation: Conversation): Shard | null {
    return this.#moves.leftBy(conversation, this.#spec.sticky, !this.#isOverloaded(event, this.#moves));
  }

  #arrived(calls: readonly PendingCall[], from: Shard, target: Shard): void {
    for (const pending of calls) {
      if (target !== from) this.#counter.moved();
      pending.shard = target;
      target.lanes[pending.event.lane].push(pending);
    }
    this.dispatchTo(target);
  }

  #handOver({ lanes, route }: Shard, name: Lane, nowMs: number): void {
    const lane = lanes[name];
    while (lane.length > 0 && route.credit(name) > 0) {
      const pending = lane.next();
      if (pending !== null) route.call(pending, nowMs);
    }
  }

  /**
   * Gives what waits for replicas that are down to those that are ready. When none is ready and a replica is down for good, what
   * waits for it goes to those that are about to start.
   */
  #relocateStranded(): void {
    const shards = this.#homes.shards;
    let moved = false;
    for (const shard of shards) {
      const { length, route } = shard;
      if (length === 0 || route.isReady() || route.load() > 0) continue;
      if (this.#homes.haveReady) this.#relocate(shard, (hash) => this.#homes.homeOf(hash));
      else if (!route.canWait(Number.POSITIVE_INFINITY)) this.#relocate(shard, (hash) => this.#homes.hopeOf(hash));
      moved ||= shard.length < length;
    }
    if (!moved) return;
    this.#moves.lookAtAll(this.#spec.sticky);
    for (const shard of shards) this.dispatchTo(shard);
  }

  /** Calls of one conversation stay together, and in their order. @param homeOf the same for the same hash; `null`: there is none */
  #relocate(shard: Shard, homeOf: (hash: number) => Shard | null): void {
    const { route } = shard;
    const isThere = this.#homes.shards.includes(shard);
    // What is for this replica waits for its next host, if there will be one.
    const goes = ({ isBound, isCopy, deadlineMs }: PendingCall) =>
      !isBound || !isThere || (!isCopy && !route.canWait(deadlineMs));
    for (const name of LANES) {
      for (const pending of shard.lanes[name].remove(goes)) {
        if (pending.settled) continue;
        // The others have it already.
        const target = pending.isCopy ? null : homeOf(pending.conversation.hash);
        if (target === null) {
          this.giveDefault(pending, 'down');
          continue;
        }
        this.#counter.moved();
        pending.shard = target;
        pending.isBound = false;
        target.lanes[name].push(pending);
        // Calls that have their verdict may stand behind it in the line. The next one that comes goes by the last.
        const last = this.#homes.lastOf(pending.conversation);
        if (last?.shard === shard) last.shard = target;
      }
    }
  }

  /** Whether what waits for a replica goes to others that are ready, as soon as its hosts hold nothing. Its deadline is watched. */
  #willMove(route: CallRoute): boolean {
    return !route.isReady() && route.load() > 0 && this.#homes.haveReady;
  }

  #defaultOf(reason: DefaultReason): CallAnswer {
    return (this.#spec.onFailure === 'consume' ? CONSUMED_BY_DEFAULT : PASSED_BY_DEFAULT)[reason];
  }

  /** Why a call cannot wait here; `null`: it can. */
  #refusalOf(
    event: CallEvent,
    route: CallRoute,
    lane: Pick<WaitingLane, 'length' | 'bytes'>,
    credit: number,
    deadlineMs: number,
    nowMs: number,
  ): DefaultReason | null {
    if (deadlineMs <= nowMs) return 'deadline';
    if (!route.canWait(deadlineMs) && !this.#willMove(route)) return 'down';
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
  #isOverloaded(event: CallEvent, lane: Pick<WaitingLane, 'length' | 'bytes'>): boolean {
    if (this.#spec.overload === 'wait') return false;
    // One call always finds room, however large it is.
    const bytes = lane.bytes === 0 ? 0 : lane.bytes + event.heldBytes;
    return lane.length >= this.#spec.queue || bytes > this.#spec.queueBytes;
  }

  #expire(overdue: PendingCall[], nowMs: number): void {
    for (const { route } of this.#homes.shards) route.takeFinished();
    for (const pending of overdue) {
      if (pending.settled) continue;
      if (pending.seq !== 0) pending.shard?.overdue.add(pending);
      this.giveDefault(pending, 'deadline', nowMs);
    }
    for (const { lanes } of this.#homes.shards) for (const name of LANES) lanes[name].remove(({ settled }) => settled);
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
