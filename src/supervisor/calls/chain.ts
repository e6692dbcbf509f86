/** The chain: modules in configured order, each given what the one before it left; the first consumed ends it. */

import type { CallEvent } from '../../wire/call-event.js';
import type { Callback } from '../../wire/event-kinds.js';
import type { Decision, Origin, TraceEntry, Verdict } from '../types.js';
import type { Conversation } from './conversation.js';
import { Visit } from './entrance.js';
import type { AnswerTaker, CallAnswer, Follower } from './pending-call.js';

/** What the chain needs of a module. */
export interface ChainMember {
  readonly name: string;
  readonly spec: { deadlineMs: number };
  wants(callback: Callback): boolean;
  /** Whether it is to be offered this event, by the `match` of its configuration. Asked once for each event that it {@link wants}. */
  admits(event: CallEvent, conversation: Conversation): boolean;
  offer(event: CallEvent, deadlineMs: number, nowMs: number, conversation: Conversation, taker: AnswerTaker): void;
  /**
   * Lets an event pass that the module is not offered, after those of its conversation that are still in the module.
   *
   * @returns `false` when there are none: then the follower is told nothing
   */
  follow(conversation: Conversation, follower: Follower): boolean;
}

/** The members of a chain, in order. */
export type Members = readonly ChainMember[];

/**
 * An event on its way through the chain. Each module that has the callback is offered it. Its outcome is told in the same turn
 * as the last answer, so outcomes have the order of the answers.
 */
export abstract class Journey extends Visit<Members> implements AnswerTaker, Follower {
  /** As it now is. */
  event: CallEvent;
  verdict: Verdict = 'pass';
  by: string | null = null;
  trace: TraceEntry[] = NO_TRACE;
  /** Set before it goes in. */
  origin: Origin | null = null;
  /** Bounds the whole, on the clock of `performance.now()`; a module reached later gives its default at once. */
  readonly #endMs: number;
  /** The member that is not offered it. */
  readonly #skip: string | undefined;
  #members: Members = NO_MEMBERS;
  #reached = 0;
  #member: ChainMember | null = null;
  #reachedMs = 0;

  constructor(event: CallEvent, conversation: Conversation, endMs: number, skip?: string) {
    super(conversation);
    this.event = event;
    this.#endMs = endMs;
    this.#skip = skip;
  }

  /** The chain has decided. */
  protected abstract decided(nowMs: number): void;

  /** What was decided. */
  get decision(): Decision {
    return { verdict: this.verdict, by: this.by, trace: this.ownTrace };
  }

  /** The trace; the caller may change it. */
  protected get ownTrace(): TraceEntry[] {
    return this.trace === NO_TRACE ? [] : this.trace;
  }

  override begin(members: Members, nowMs: number): void {
    this.#members = members;
    this.#goOn(nowMs);
  }

  answered(answer: CallAnswer, nowMs: number): void {
    const { name } = this.#member as ChainMember;
    const micros = Math.round((nowMs - this.#reachedMs) * 1000);
    const entry = { module: name, verdict: answer.verdict, default: answer.default, micros };
    if (this.trace === NO_TRACE) this.trace = [entry];
    else this.trace.push(entry);
    if (answer.params !== null || answer.payload !== null) this.change(answer);
    if (answer.verdict === 'consumed') {
      this.verdict = 'consumed';
      this.by = name;
      this.decided(nowMs);
    } else {
      this.#goOn(nowMs);
    }
  }

  /** A module left something else than it was given. */
  protected change({ params, payload }: CallAnswer): void {
    this.event = this.event.with(params, payload);
  }

  passed(nowMs: number): void {
    this.#goOn(nowMs);
  }

  /** A route of its own leads to the one module that must have it, such as the sender of the message that a status is about. */
  #isFor(member: ChainMember): boolean {
    return this.ownRoute !== null || member.admits(this.event, this.conversation);
  }

  #goOn(nowMs: number): void {
    const members = this.#members;
    const { callback } = this.event;
    while (this.#reached < members.length) {
      const member = members[this.#reached++] as ChainMember;
      if (member.name !== this.#skip && member.wants(callback) && this.#isFor(member)) {
        this.#member = member;
        this.#reachedMs = nowMs;
        member.offer(this.event, Math.min(nowMs + member.spec.deadlineMs, this.#endMs), nowMs, this.conversation, this);
        return;
      }
      if (member.follow(this.conversation, this)) return;
    }
    this.decided(nowMs);
  }
}

const NO_MEMBERS: Members = [];
/** Before the first answer; never added to. */
const NO_TRACE: TraceEntry[] = [];
