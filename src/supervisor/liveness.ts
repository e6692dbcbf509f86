/** Whether a host that owes answers is at work or hangs: pure, with the clock passed in. */

/** What is known of a host that holds calls. */
export interface Observation {
  nowMs: number;
  hangMs: number;
  /** When the call being executed began; `null`: none is. */
  executingSinceMs: number | null;
  /** When the host last answered, or was first given a call after having had none. */
  progressMs: number;
}

/** Hung, or when to look again. */
export type Liveness = { kind: 'hung' } | { kind: 'alive'; lookAgainMs: number };

const SOONEST_LOOK_MS = 10;

/**
 * A call may run for `hangMs`; and a host that executes none must answer something within `hangMs`, or it is stopped
 * or stuck outside of the module.
 */
export function judge({ nowMs, hangMs, executingSinceMs, progressMs }: Observation): Liveness {
  // A begin in the future was overwritten by the module, and says nothing.
  const begun = executingSinceMs !== null && executingSinceMs <= nowMs;
  const forMs = nowMs - (begun ? executingSinceMs : progressMs);
  if (forMs >= hangMs) return { kind: 'hung' };
  return { kind: 'alive', lookAgainMs: Math.min(hangMs, Math.max(SOONEST_LOOK_MS, hangMs - forMs)) };
}
