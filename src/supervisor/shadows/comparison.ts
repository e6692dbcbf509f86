/** One event that a module and its shadows are offered, and what they answer. */

import type { CallEvent } from '../../wire/call-event.js';
import { PASSED } from '../calls/answer.js';
import type { Conversation } from '../calls/conversation.js';
import type { AnswerTaker, CallAnswer } from '../calls/pending-call.js';
import type { Origin } from '../types.js';
import type { ShadowTally } from './shadow-tally.js';

/** Stands between the chain and the module: the answer goes on to the chain first. */
export class Observed implements AnswerTaker {
  readonly event: CallEvent;
  readonly conversation: Conversation;
  answer: CallAnswer | null = null;
  micros = 0;
  readonly #offeredMs: number;
  readonly #taker: AnswerTaker;
  /** What each shadow makes of it. */
  readonly comparisons: Comparison[] = [];

  constructor(event: CallEvent, conversation: Conversation, offeredMs: number, taker: AnswerTaker) {
    this.event = event;
    this.conversation = conversation;
    this.#offeredMs = offeredMs;
    this.#taker = taker;
  }

  get origin(): Origin | null {
    return this.#taker.origin ?? null;
  }

  answered(answer: CallAnswer, nowMs: number): void {
    this.answer = answer;
    this.micros = Math.round((nowMs - this.#offeredMs) * 1000);
    this.#taker.answered(answer, nowMs);
    for (const comparison of this.comparisons) comparison.compare(nowMs);
  }

  given(wasGiven: boolean): void {
    this.#taker.given?.(wasGiven);
  }
}

/** What one shadow makes of an event. Nobody waits for it. */
export class Comparison implements AnswerTaker {
  readonly observed: Observed;
  readonly #tally: ShadowTally;
  readonly #era: number;
  #answer: CallAnswer | null = null;
  #offeredMs = 0;
  #micros = 0;
  #isOver = false;

  constructor(observed: Observed, tally: ShadowTally) {
    this.observed = observed;
    this.#tally = tally;
    this.#era = tally.era;
  }

  /** The shadow is being offered it. */
  offered(nowMs: number): void {
    this.#offeredMs = nowMs;
    if (this.observed.event.kind !== 'message') this.#tally.sawOther();
  }

  answered(answer: CallAnswer, nowMs: number): void {
    this.#answer = answer;
    this.#micros = Math.round((nowMs - this.#offeredMs) * 1000);
    this.compare(nowMs);
  }

  /** The shadow has no callback for it: in the chain it would let it pass. */
  passed(nowMs: number): void {
    this.answered(PASSED, nowMs);
  }

  /** The shadow is not offered it. */
  skip(): void {
    this.#isOver = true;
    if (this.observed.event.kind === 'message') this.#tally.skipped();
  }

  /** Counts it once both have answered. */
  compare(nowMs: number): void {
    const { event, answer: primary, micros: primaryMicros } = this.observed;
    if (this.#isOver || primary === null || this.#answer === null) return;
    this.#isOver = true;
    if (event.kind !== 'message') return;
    const [era, shadow, shadowMicros] = [this.#era, this.#answer, this.#micros];
    this.#tally.answered({ era, event, primary, primaryMicros, shadow, shadowMicros }, nowMs);
  }
}
