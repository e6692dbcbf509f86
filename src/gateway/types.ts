/** What the gateway needs of a core, and says of itself. */

import type { Origin, OutcomeTaker } from '../supervisor/types.js';
import type { CallEvent } from '../wire/call-event.js';

/** What servers reach: a supervisor, or what a test puts in its place. */
export interface GatewayCore {
  /** As `Supervisor.submit`. @throws SupervisorError */
  submit(event: CallEvent, origin: Origin, taker: OutcomeTaker): void;
  /** The callbacks that any module has, or may have once it has started. */
  callbacks(): readonly string[];
  /** Takes who is told when {@link callbacks} may have changed. @returns what ends that */
  onCallbacks(listener: () => void): () => void;
}

/** One connection, as a status shows it. */
export interface GatewayClient {
  /** Its name; empty before its Hello. */
  server: string;
  encoding: 'protobuf' | 'json' | null;
  takesSends: boolean;
  /** ISO 8601. */
  connectedAt: string;
  /** Events of it that have no outcome yet. */
  inProgress: number;
  /** Sends that it has and has not acknowledged, those included that it has not read. */
  unacknowledged: number;
}
