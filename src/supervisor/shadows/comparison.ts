/** One event that a module was offered and its shadows are going to be, and what they answer. */

import type { CallEvent } from '../../wire/call-event.js';
import { PASSED } from '../calls/answer.js';
import type { Conversation } from '../calls/conversation.js';
import type { AnswerTaker, CallAnswer } from '../calls/pending-call.js';
import type { Origin } from '../types.js';
import type { ShadowTally } from './shadow-tally.js';

/** An event as the primary was offered it, and its answer. */
export interface Answered {
  readonly event: CallEvent;
  readonly conversation: Conversation;
  readonly answer: CallAnswer;
  readonly micros: number;
}

/** Stands between the chain and the module. The answer goes on to the chain first, and then to who compares. */
export class Observed implements AnswerTaker {
  readonly #event: CallEvent;
  readonly #conversation: Conversation;
  readonly #offeredMs: number;
  readonly #taker: AnswerTaker;
  readonly #told: (answered: Answered) => void;

  constructor(
    event: CallEvent,
    conversation: Conversation,
    offeredMs: number,
    taker: AnswerTaker,
    told: (answered: Answered) => void,
  ) {
    this.#event = event;
    this.#conversation = conversation;
    this.#offeredMs = offeredMs;
    this.#taker = taker;
    this.#told = told;
  }

  get origin(): Origin | null {
    return this.#taker.origin ?? null;
  }

  answered(answer: CallAnswer, nowMs: number): void {
    const micros = Math.round((nowMs - this.#offeredMs) * 1000);
    this.#taker.answered(answer, nowMs);
    this.#told({ event: this.#event, conversation: this.#conversation, answer, micros });
  }

  given(wasGiven: boolean): void {
    this.#taker.given?.(wasGiven);
  }
}

/** What one shadow makes of an event. Nobody waits for it. */
export class Comparison implements AnswerTaker {
  readonly primary: Answered;
  readonly #tally: ShadowTally;
  readonly #era: number;
  #offeredMs = 0;

  constructor(primary: Answered, tally: ShadowTally) {
    this.primary = primary;
    this.#tally = tally;
    this.#era = tally.era;
  }

  /** The shadow is being offered it. */
  offered(nowMs: number): void {
    this.#offeredMs = nowMs;
    if (this.primary.event.kind !== 'message') this.#tally.sawOther();
  }

  answered(shadow: CallAnswer, nowMs: number): void {
    const { event, answer: primary, micros: primaryMicros } = this.primary;
    if (event.kind !== 'message') return;
    const shadowMicros = Math.round((nowMs - this.#offeredMs) * 1000);
    this.#tally.answered({ era: this.#era, event, primary, primaryMicros, shadow, shadowMicros }, nowMs);
  }

  /** The shadow has no callback for it: in the chain it would let it pass. */
  passed(nowMs: number): void {
    this.#offeredMs = nowMs;
    this.answered(PASSED, nowMs);
  }

  /** The shadow is not offered it. */
  skip(): void {
    if (this.primary.event.kind === 'message') this.#tally.skipped();
  }
}
