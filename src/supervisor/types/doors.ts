/** How doors hand in encoded events and get their outcomes, without promises and without copies. */

import type { CallEvent } from '../../wire/call-event.js';
import type { TraceEntry, Verdict } from './decisions.js';

/** What the chain decided on an event, and the event as it now is. */
export interface DoorOutcome {
  readonly verdict: Verdict;
  /** The module whose verdict, its own or a default, consumed; `null` for a pass. */
  readonly by: string | null;
  /** Not to be changed. */
  readonly trace: readonly TraceEntry[];
  readonly event: CallEvent;
  /** Whether a module changed the parameters. */
  readonly hasNewParams: boolean;
  /** Whether a module changed the payload. */
  readonly hasNewPayload: boolean;
}

/** Who handed in an event. */
export interface OutcomeTaker {
  /** Called once. The outcomes of a conversation come in the order of its events. It must not throw. */
  told(outcome: DoorOutcome): void;
}
