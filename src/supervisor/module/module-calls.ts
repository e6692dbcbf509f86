/** The calls of one module: its queue, and the replicas that they go to. */

import { performance } from 'node:perf_hooks';
import type { ModuleSpec } from '../../config/types.js';
import type { QuarantineTable } from '../../quarantine/table.js';
import { CallEvent } from '../../wire/call-event.js';
import { toLong, type WireParams } from '../../wire/params.js';
import { type AnswerCounter, CallQueue, type QueueSettings } from '../calls/call-queue.js';
import { Conversation } from '../calls/conversation.js';
import type { AnswerTaker, CallAnswer, Follower, PendingCall } from '../calls/pending-call.js';
import type { Shard } from '../calls/shard.js';
import type { Host } from '../host/host.js';
import type { HostEnd } from '../host/host-listener.js';
import type { ModuleNews } from '../news/module-news.js';
import type { HostSet } from './host-set.js';
import { ReplicaRoute } from './replica-route.js';

/** The status of a message that was not delivered: `MESIBO_MODULE_MSGSTATUS_FAIL`. */
const FAILED = 0x80;
/** Takes an answer that nobody waits for. */
export const NOBODY: AnswerTaker = { answered: () => undefined };

/** What the calls of a module need. */
export interface ModuleCallsOptions {
  news: ModuleNews;
  /** The messages that the module does not get. */
  quarantine: QuarantineTable;
}

/** Takes calls, gives them to hosts that serve, and answers each once. */
export class ModuleCalls implements AnswerCounter {
  readonly #news: ModuleNews;
  readonly #queue: CallQueue;
  readonly #quarantine: QuarantineTable;

  constructor(spec: ModuleSpec, queueBytes: number, { news, quarantine }: ModuleCallsOptions) {
    this.#news = news;
    this.#quarantine = quarantine;
    this.#queue = new CallQueue(settingsOf(spec, queueBytes), this);
  }

  /** Calls that wait for credit. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** Takes other settings, also for calls that wait already. */
  configure(spec: ModuleSpec, queueBytes: number): void {
    this.#queue.configure(settingsOf(spec, queueBytes));
  }

  /** A replica takes its share from now on. */
  addReplica(index: number, hosts: HostSet, canWait: (deadlineMs: number) => boolean): Shard {
    const route = new ReplicaRoute({
      hosts,
      canWait,
      isWithheld: (pending, host) => !this.#quarantine.isEmpty && this.#isWithheld(pending, host),
      withhold: (pending, nowMs) => this.#queue.giveDefault(pending, 'quarantine', nowMs),
    });
    return this.#queue.add(index, route);
  }

  /** A replica is gone. What waits for it goes to others. */
  removeReplica(shard: Shard): void {
    this.#queue.remove(shard);
  }

  /**
   * Takes one call; the answer comes within the deadline, and is a default verdict if the module has none.
   *
   * @param bound the replica that it is for; `null`: any
   * @param isCopy the other replicas get it too
   * @returns the replica that it went to
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
    return this.#queue.offer(event, deadlineMs, nowMs, conversation, taker, bound, isCopy);
  }

  /** See `ChainMember`. */
  follow(conversation: Conversation, follower: Follower): boolean {
    return this.#queue.follow(conversation, follower);
  }

  /** Tells the replica that sent a message that it was not delivered. */
  giveBack(params: WireParams, { deadlineMs }: Pick<ModuleSpec, 'deadlineMs'>, sender: Shard | null): void {
    const status = { ...params, status: toLong('status', FAILED) };
    const nowMs = performance.now();
    const conversation = Conversation.ofStatus(status);
    this.offer(CallEvent.status(status), nowMs + deadlineMs, nowMs, conversation, NOBODY, sender);
  }

  /** Gives hosts what they have credit for. What waits for replicas that are down goes to others. */
  dispatch(): void {
    this.#queue.dispatch();
  }

  /** Gives the hosts of one replica what they have credit for. */
  dispatchTo(shard: Shard, nowMs: number): void {
    this.#queue.dispatchTo(shard, nowMs);
  }

  /** Gives the default to every waiting call whose deadline ends before the next start. */
  bypass(): void {
    this.#queue.bypass();
  }

  /** A host has answered a call, perhaps after its deadline. @param answer `null`: it got the call too late to make it */
  answered(pending: PendingCall, answer: CallAnswer | null, nowMs: number): void {
    pending.tellGiven(answer !== null);
    if (pending.settled) this.#queue.released(pending);
    if (answer === null) this.#queue.giveDefault(pending, 'deadline', nowMs);
    else if (!pending.settle(answer, nowMs) && pending.event.kind === 'message') this.#news.stats.totals.late += 1;
  }

  /** A host has died: the calls that it executed get the default, the rest waits for the next host. */
  settle(shard: Shard | null, { lost, unseen, reason }: Pick<HostEnd, 'lost' | 'unseen' | 'reason'>): void {
    // First: who is told a default may offer the next message at once, and that one must come after these. Without a share it was
    // given nothing.
    if (shard !== null) this.#queue.putBack(shard, unseen);
    for (const pending of lost) {
      pending.tellGiven(true);
      this.#queue.released(pending);
      this.#queue.giveDefault(pending, reason);
    }
  }

  told(event: CallEvent, answer: CallAnswer, micros: number): void {
    if (event.kind === 'message') this.#news.stats.countMessage(answer, micros);
  }

  moved(): void {
    this.#news.stats.totals.relocated += 1;
  }

  #isWithheld({ event }: PendingCall, host: Host): boolean {
    return event.kind === 'message' && this.#quarantine.withholds(event, host.file.buildKey);
  }
}

/** Nobody waits for a shadow, so nothing would bound what waits there for room. */
function settingsOf(spec: ModuleSpec, queueBytes: number): QueueSettings {
  return { ...spec, queueBytes, overload: spec.shadowOf === null ? spec.overload : 'default' };
}
