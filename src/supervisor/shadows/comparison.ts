/** One event that a module was offered and its shadows are going to be, and what they answer. */

import type { CallEvent } from '../../wire/call-event.js';
import { PASSED, PASSED_BY_DEFAULT } from '../calls/answer.js';
import type { Conversation } from '../calls/conversation.js';
import type { AnswerTaker, CallAnswer } from '../calls/pending-call.js';
import type { Origin } from '../types.js';
import { eraOfNow, type ShadowTally } from './shadow-tally.js';

/** An event as the primary was offered it, and its answer. */
export interface Answered {
  readonly event: CallEvent;
  readonly conversation: Conversation;
  readonly answer: CallAnswer;
  readonly micros: number;
  /** When the primary was offered it. @see eraOfNow */
  readonly era: number;
}

/** Stands between the chain and the module. The answer goes on to the chain first, and then to who compares. */
export class Observed implements AnswerTaker {
  readonly #event: CallEvent;
  readonly #conversation: Conversation;
  readonly #offeredMs: number;
  readonly #taker: AnswerTaker;
  readonly #told: (answered: Answered) => void;
  readonly #era = eraOfNow();

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
    this.#told({ event: this.#event, conversation: this.#conversation, answer, micros, era: this.#era });
  }

  given(wasGiven: boolean): void {
    this.#taker.given?.(wasGiven);
  }
}

/** Who counts the memory of comparisons. */
export interface ComparisonHolder {
  /** One has come to its end, and holds nothing any more. */
  released(heldBytes: number): void;
}

/** What one shadow makes of an event. Nobody waits for it. */
export class Comparison implements AnswerTaker {
  /** `null`: it has come to its end. A host that hangs may know this object for long. */
  #primary: Answered | null;
  readonly #tally: ShadowTally;
  #offeredMs = 0;
  #holder: ComparisonHolder | null = null;

  constructor(primary: Answered, tally: ShadowTally) {
    this.#primary = primary;
    this.#tally = tally;
  }

  /** What is to be compared; `null`: it has come to its end. */
  get primary(): Answered | null {
    return this.#primary;
  }

  /** The memory that it holds until its end: the event, and what the primary made of that. */
  get heldBytes(): number {
    return this.#primary === null ? 0 : bytesOf(this.#primary);
  }

  /** It waits for the shadow from now on. */
  heldBy(holder: ComparisonHolder): void {
    this.#holder = holder;
  }

  /** The shadow is being offered it. */
  offered(nowMs: number): void {
    this.#offeredMs = nowMs;
    const primary = this.#primary;
    if (primary !== null && primary.event.kind !== 'message') this.#tally.sawOther(primary.era);
  }

  answered(shadow: CallAnswer, nowMs: number): void {
    const primary = this.#end();
    if (primary?.event.kind !== 'message') return;
    const { era, event, answer, micros } = primary;
    const shadowMicros = Math.round((nowMs - this.#offeredMs) * 1000);
    this.#tally.answered({ era, event, primary: answer, primaryMicros: micros, shadow, shadowMicros }, nowMs);
  }

  /** The shadow has no callback for it: in the chain it would let it pass. */
  passed(nowMs: number): void {
    this.#offeredMs = nowMs;
    this.answered(PASSED, nowMs);
  }

  /** The shadow is stopped. */
  wasDown(nowMs: number): void {
    this.#offeredMs = nowMs;
    this.answered(PASSED_BY_DEFAULT.down, nowMs);
  }

  /** The shadow is not offered it: too much waits. */
  skip(): void {
    const primary = this.#end();
    if (primary?.event.kind === 'message') this.#tally.skipped(primary.era);
  }

  /** It is not for the shadow: nothing is compared. */
  leaveOut(): void {
    this.#end();
  }

  #end(): Answered | null {
    const primary = this.#primary;
    if (primary === null) return null;
    this.#holder?.released(bytesOf(primary));
    this.#primary = null;
    return primary;
  }
}

function bytesOf({ event, answer }: Answered): number {
  return event.heldBytes + (answer.payload?.length ?? 0);
}
