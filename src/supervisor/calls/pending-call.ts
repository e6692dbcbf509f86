/** A call on its way through one module: from the moment the chain reaches it until it has its one verdict. */

import { IN_FRAME, type OutgoingCall } from '../../wire/batch.js';
import type { CallEvent } from '../../wire/call-event.js';
import type { WireParams } from '../../wire/params.js';
import type { DefaultReason, Origin, Verdict } from '../types.js';
import type { Conversation } from './conversation.js';
import { Place } from './lines.js';

/** What came of a call at one module. */
export interface CallAnswer {
  readonly verdict: Verdict;
  /** Why the verdict is a default; `null` for the module's own. */
  readonly default: DefaultReason | null;
  /** The parameters, when the module changed them. */
  readonly params: WireParams | null;
  /** The payload, when the module changed it. */
  readonly payload: Uint8Array | null;
}

/** Who waits for the answer to a call. */
export interface AnswerTaker {
  /** Where the event came from that the call is for; absent or `null`: from nobody who wants to know what comes of it. */
  readonly origin?: Origin | null;
  answered(answer: CallAnswer, nowMs: number): void;
  /**
   * Tells once, before or after {@link answered}, whether the module was given the call. This is also true if the module
   * overran the deadline, or died while it executed the call.
   */
  given?(wasGiven: boolean): void;
}

/** An event that the module is not offered. It follows the calls of its conversation that are in the module. */
export interface Follower {
  /** They have left. */
  passed(nowMs: number): void;
}

/** The queue that a call is in, as the call sees it. */
export interface CallKeeper {
  /** It has its verdict. */
  settled(pending: PendingCall, nowMs: number): void;
  /** Those before it in its conversation have left: its answer may be told. */
  leaves(pending: PendingCall, answer: CallAnswer, nowMs: number): void;
}

/** A replica, as the call sees it. */
export interface CallHome {
  readonly index: number;
  /** Calls that have their default verdict, as their deadline is over, and that a host still holds. */
  readonly overdue: Set<PendingCall>;
}

/** A call that waits for its verdict and takes exactly one. All who handle the call share this object. */
export class PendingCall extends Place implements OutgoingCall {
  readonly event: CallEvent;
  /** On the clock of `performance.now()`. */
  readonly deadlineMs: number;
  /** When it came to the module. */
  readonly beganMs: number;
  readonly taker: AnswerTaker;
  readonly #keeper: CallKeeper;
  #answer: CallAnswer | null = null;
  /** The replica that it waits for, or that was given it. */
  shard: CallHome | null = null;
  /** It is for that replica alone, as long as that one can come up in time. */
  isBound = false;
  /** It is one of several, one for each replica: it goes to no other one. */
  isCopy = false;
  /** How often a host crashed that was about to execute it and said that it executed nothing. */
  suspected = 0;
  /** Whether its answer had to wait for those before it in its conversation. */
  isHeldBack = false;
  /** It is known whether the module was given it, and told. */
  #isFateKnown = false;
  /** Its number with the host that holds it; 0: none does. */
  seq = 0;
  /** How long it may wait there. */
  budgetMicros = 0;
  /** Where its payload is kept for that host. */
  place = IN_FRAME;
  /** Its neighbours among those whose deadlines are watched. */
  isWatched = false;
  watchedBefore: PendingCall | null = null;
  watchedAfter: PendingCall | null = null;

  constructor(
    event: CallEvent,
    deadlineMs: number,
    beganMs: number,
    conversation: Conversation,
    keeper: CallKeeper,
    taker: AnswerTaker,
  ) {
    super(conversation);
    this.event = event;
    this.deadlineMs = deadlineMs;
    this.beganMs = beganMs;
    this.#keeper = keeper;
    this.taker = taker;
  }

  get origin(): Origin | null {
    return this.taker.origin ?? null;
  }

  get settled(): boolean {
    return this.#answer !== null;
  }

  /** Gives the call its verdict; `false` when it has one already, which stands. */
  settle(answer: CallAnswer, nowMs: number): boolean {
    if (this.#answer !== null) return false;
    this.#answer = answer;
    this.#keeper.settled(this, nowMs);
    return true;
  }

  /** It is known now whether the module was given it. */
  tellGiven(wasGiven: boolean): void {
    if (this.#isFateKnown) return;
    this.#isFateKnown = true;
    this.taker.given?.(wasGiven);
  }

  override go(nowMs: number): void {
    this.#keeper.leaves(this, this.#answer as CallAnswer, nowMs);
  }
}
