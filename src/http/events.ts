/** Events of callers, until their outcomes are told. */

import type { EventCore } from '../servers/types.js';
import type { DoorOutcome, Origin, OutcomeTaker } from '../supervisor/types.js';
import type { CallEvent } from '../wire/call-event.js';
import type { Caller, Visit, Visits } from './visits.js';

/** Hands events in. */
export class Events {
  readonly #core: EventCore;
  readonly #visits: Visits;

  constructor(core: EventCore, visits: Visits) {
    this.#core = core;
    this.#visits = visits;
  }

  /**
   * Hands an event in. A taken event is finished even if its caller is gone.
   *
   * @throws SupervisorError why it was not taken
   */
  take(event: CallEvent, caller: Caller): Promise<DoorOutcome> {
    return new Promise((resolve, reject) => {
      const begin = (visit: Visit) => {
        const inProgress = new EventInProgress(caller.server, visit, resolve);
        this.#core.submit(event, inProgress, inProgress);
      };
      this.#visits.enter(caller, event.heldBytes, begin, reject);
    });
  }
}

/** One event. It stays longer as an origin: it says where messages go that modules send because of it. */
class EventInProgress implements OutcomeTaker, Origin {
  readonly server: string;
  readonly eventId = null;
  readonly hops = 0;
  #visit: Visit | null;
  #resolve: ((outcome: DoorOutcome) => void) | null;

  constructor(server: string, visit: Visit, resolve: (outcome: DoorOutcome) => void) {
    this.server = server;
    this.#visit = visit;
    this.#resolve = resolve;
  }

  told(outcome: DoorOutcome): void {
    const [visit, resolve] = [this.#visit, this.#resolve];
    // It may be kept for long, so nothing of the caller stays in it.
    this.#visit = this.#resolve = null;
    visit?.end();
    resolve?.(outcome);
  }
}
