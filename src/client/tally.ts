/** What a client has done so far, counted. */

import type { Flights } from './flights.js';
import { type Decision, Outcome } from './outcomes.js';
import type { Sends } from './sends.js';
import type { ClientStats } from './types.js';

/** The counters of a client. */
export class Tally {
  #passed = 0;
  #consumed = 0;
  #changed = 0;
  readonly #defaults: Record<string, number> = {};
  unwanted = 0;
  connects = 0;
  failedConnects = 0;
  lost = 0;
  lateOutcomes = 0;

  add(decision: Decision): void {
    const { verdict, reason } = decision;
    if (verdict === 'consumed') this.#consumed += 1;
    else this.#passed += 1;
    if (reason !== null) this.#defaults[reason] = (this.#defaults[reason] ?? 0) + 1;
    if (decision instanceof Outcome && decision.changed) this.#changed += 1;
  }

  stats(flights: Flights, sends: Sends | null): ClientStats {
    const { unwanted, connects, failedConnects, lost, lateOutcomes } = this;
    return {
      events: this.#passed + this.#consumed,
      passed: this.#passed,
      consumed: this.#consumed,
      changed: this.#changed,
      unwanted,
      defaults: { ...this.#defaults },
      inFlight: flights.inFlight,
      waiting: flights.waiting,
      connects,
      failedConnects,
      lost,
      lateOutcomes,
      sends: sends?.taken ?? 0,
      acknowledged: sends?.acknowledged ?? 0,
      refusedSends: sends?.refused ?? 0,
      repeatedSends: sends?.repeated ?? 0,
    };
  }
}
