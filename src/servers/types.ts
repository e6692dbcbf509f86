/** What every door for servers needs of a core, and says of those who came in. */

import type { Origin, OutcomeTaker } from '../supervisor/types.js';
import type { CallEvent } from '../wire/call-event.js';

/** Who decides on events: a supervisor, or what a test puts in its place. */
export interface EventCore {
  /** As `Supervisor.submit`. @throws SupervisorError */
  submit(event: CallEvent, origin: Origin, taker: OutcomeTaker): void;
}

/** One connection of a server, as a status counts it. */
export interface ServerClient {
  /** Its name; empty before it is known. */
  server: string;
  takesSends: boolean;
  /** Events of it that have no outcome yet. */
  inProgress: number;
  /** Sends that it has and has not acknowledged, those included that it has not read. */
  unacknowledged: number;
}
