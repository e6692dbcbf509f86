/** A status for the one module that it concerns. What counts is whether the module was given it, not what it decides. */

import type { CallEvent } from '../../wire/call-event.js';
import type { Origin } from '../types.js';
import type { ChainMember } from './chain.js';
import type { Conversation } from './conversation.js';
import type { AnswerTaker } from './pending-call.js';
import type { Era, Underway } from './underway.js';

/** Beside all that is in the chain. */
export class Telling implements AnswerTaker {
  readonly origin: Origin | null;
  readonly #underway: Underway;
  readonly #era: Era;
  readonly #resolve: (wasGiven: boolean) => void;

  /** @param resolve told whether the module was given it, or has no callback for it: then there is nothing to be given */
  constructor(underway: Underway, origin: Origin | null, resolve: (wasGiven: boolean) => void) {
    this.origin = origin;
    this.#underway = underway;
    this.#era = underway.enter();
    this.#resolve = resolve;
  }

  /** It goes to the module. */
  begin(member: ChainMember, event: CallEvent, conversation: Conversation, endMs: number, nowMs: number): void {
    if (member.wants(event.callback)) {
      member.offer(event, Math.min(nowMs + member.spec.deadlineMs, endMs), nowMs, conversation, this);
      return;
    }
    this.given(true);
    this.answered();
  }

  given(wasGiven: boolean): void {
    this.#resolve(wasGiven);
  }

  answered(): void {
    this.#underway.leave(this.#era);
  }
}
