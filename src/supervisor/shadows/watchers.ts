/** The shadows of one module, as the chain sees them. */

import type { CallEvent } from '../../wire/call-event.js';
import type { Watching } from '../calls/chain.js';
import type { Conversation } from '../calls/conversation.js';
import type { AnswerTaker } from '../calls/pending-call.js';
import { type Answered, Comparison, Observed } from './comparison.js';
import type { Intake } from './intake.js';
import type { ShadowTally } from './shadow-tally.js';

/** One shadow. */
export interface Watcher {
  intake: Intake;
  tally: ShadowTally;
}

/** At least one. */
export class Watchers implements Watching {
  readonly #told: (answered: Answered) => void;

  constructor(watchers: readonly Watcher[]) {
    this.#told = (answered) => {
      for (const { intake, tally } of watchers) intake.add(new Comparison(answered, tally));
    };
  }

  /** Its shadows will be offered the event once the module has answered. */
  watch(event: CallEvent, nowMs: number, conversation: Conversation, taker: AnswerTaker): AnswerTaker {
    return new Observed(event, conversation, nowMs, taker, this.#told);
  }
}
