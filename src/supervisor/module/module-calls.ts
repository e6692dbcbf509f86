/** The calls of one module: its queue, and the hosts that they go to. */

import { performance } from 'node:perf_hooks';
import type { ModuleSpec } from '../../config/types.js';
import type { QuarantineTable } from '../../quarantine/table.js';
import { CallEvent } from '../../wire/call-event.js';
import type { Lane } from '../../wire/event-kinds.js';
import { toLong, type WireParams } from '../../wire/params.js';
import { CallQueue, type CallRoute, type QueueSettings } from '../calls/call-queue.js';
import { Conversation } from '../calls/conversation.js';
import type { AnswerTaker, CallAnswer, Follower, PendingCall } from '../calls/pending-call.js';
import type { Host } from '../host/host.js';
import type { HostEnd } from '../host/host-listener.js';
import type { ModuleNews } from '../news/module-news.js';
import type { HostSet } from './host-set.js';

/** The status of a message that was not delivered: `MESIBO_MODULE_MSGSTATUS_FAIL`. */
const FAILED = 0x80;
/** Takes an answer that nobody waits for. */
const NOBODY: AnswerTaker = { answered: () => undefined };

/** What the calls of a module need. */
export interface ModuleCallsOptions {
  hosts: HostSet;
  news: ModuleNews;
  /** Whether a call with this deadline can still reach a host. */
  canWait: (deadlineMs: number) => boolean;
  /** The messages that the module does not get. */
  quarantine: QuarantineTable;
}

/** Takes calls, gives them to hosts that serve, and answers each once. */
export class ModuleCalls implements CallRoute {
  readonly #hosts: HostSet;
  readonly #news: ModuleNews;
  readonly #queue: CallQueue;
  readonly #quarantine: QuarantineTable;
  readonly canWait: (deadlineMs: number) => boolean;

  constructor(spec: ModuleSpec, queueBytes: number, { hosts, news, canWait, quarantine }: ModuleCallsOptions) {
    this.#hosts = hosts;
    this.#news = news;
    this.canWait = canWait;
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

  /** Takes one call; the answer comes within the deadline, and is a default verdict if the module has none. */
  offer(event: CallEvent, deadlineMs: number, nowMs: number, conversation: Conversation, taker: AnswerTaker): void {
    this.#queue.offer(event, deadlineMs, nowMs, conversation, taker);
  }

  /** See `ChainMember`. */
  follow(conversation: Conversation, follower: Follower): boolean {
    return this.#queue.follow(conversation, follower);
  }

  /** Tells the module that what it sent was not delivered. */
  giveBack(params: WireParams, { deadlineMs }: Pick<ModuleSpec, 'deadlineMs'>): void {
    const status = { ...params, status: toLong('status', FAILED) };
    const nowMs = performance.now();
    this.offer(CallEvent.status(status), nowMs + deadlineMs, nowMs, Conversation.ofStatus(status), NOBODY);
  }

  /** Gives hosts what they have credit for. */
  dispatch(nowMs?: number): void {
    this.#queue.dispatch(nowMs);
  }

  /** Gives the default to every waiting call whose deadline ends before the next start. */
  bypass(): void {
    this.#queue.bypass();
  }

  /** A host has answered a call, perhaps after its deadline. @param answer `null`: it got the call too late to make it */
  answered(pending: PendingCall, answer: CallAnswer | null, nowMs: number): void {
    pending.tellGiven(answer !== null);
    if (answer === null) this.#queue.giveDefault(pending, 'deadline', nowMs);
    else if (!pending.settle(answer, nowMs) && pending.event.kind === 'message') this.#news.stats.totals.late += 1;
  }

  /** A host has died: the calls that it executed get the default, the rest waits for the next host. */
  settle({ lost, unseen, reason }: Pick<HostEnd, 'lost' | 'unseen' | 'reason'>): void {
    for (const pending of lost) {
      pending.tellGiven(true);
      this.#queue.giveDefault(pending, reason);
    }
    this.#queue.putBack(unseen);
  }

  // ---- what its queue asks ----

  credit(lane: Lane): number {
    // Calls keep their order: what was handed over before comes first.
    if (this.#hosts.isFinishing) return 0;
    let credit = 0;
    for (const host of this.#hosts.in('serving')) credit += host.credit(lane);
    return credit;
  }

  call(pending: PendingCall, nowMs: number): void {
    const host = this.#hosts.first;
    if (host === null) return;
    // Here and not where it comes in: what has waited since then may have become known meanwhile.
    if (!this.#quarantine.isEmpty && this.#isWithheld(pending, host)) {
      this.#queue.giveDefault(pending, 'quarantine', nowMs);
    } else {
      host.call(pending, nowMs);
    }
  }

  takeFinished(): void {
    for (const host of this.#hosts.all) host.takeFinished();
  }

  told(event: CallEvent, answer: CallAnswer, micros: number): void {
    if (event.kind === 'message') this.#news.stats.countMessage(answer, micros);
  }

  #isWithheld({ event }: PendingCall, host: Host): boolean {
    return event.kind === 'message' && this.#quarantine.withholds(event, host.file.buildKey);
  }
}

/** Nobody waits for a shadow, so nothing would bound what waits there for room. */
function settingsOf(spec: ModuleSpec, queueBytes: number): QueueSettings {
  return { ...spec, queueBytes, overload: spec.shadowOf === null ? spec.overload : 'default' };
}
