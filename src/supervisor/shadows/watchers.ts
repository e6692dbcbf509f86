/** The shadows of one module, as the chain sees them. */

import type { CallEvent } from '../../wire/call-event.js';
import type { Watching } from '../calls/chain.js';
import type { Conversation } from '../calls/conversation.js';
import type { AnswerTaker } from '../calls/pending-call.js';
import { Comparison, Observed } from './comparison.js';
import type { Intake } from './intake.js';
import type { ShadowTally } from './shadow-tally.js';

/** One shadow. */
export interface Watcher {
  intake: Intake;
  tally: ShadowTally;
}

/** At least one. */
export class Watchers implements Watching {
  readonly #watchers: readonly Watcher[];

  constructor(watchers: readonly Watcher[]) {
    this.#watchers = watchers;
  }

  /** Its shadows will be offered the event, too. */
  watch(event: CallEvent, nowMs: number, conversation: Conversation, taker: AnswerTaker): AnswerTaker {
    const observed = new Observed(event, conversation, nowMs, taker);
    for (const { intake, tally } of this.#watchers) {
      const comparison = new Comparison(observed, tally);
      observed.comparisons.push(comparison);
      intake.add(comparison);
    }
    return observed;
  }
}
