/** Whether a host is at work, hangs, or cannot be reached: pure, with the clock passed in. */

/** What is known of a host when it is looked at. */
export interface Observation {
  nowMs: number;
  /** A callback may run for this long; `null`: for ever. */
  hangMs: number | null;
  /** How often an idle host is asked for a sign of life. */
  heartbeatMs: number;
  /** Whether it holds calls. */
  owes: boolean;
  /** When the call being executed began; `null`: none is. */
  executingSinceMs: number | null;
  /** When the host last said anything, or was first given a call after having had none. */
  heardMs: number;
  /** When it was asked for the sign of life that it still owes; `null`: it owes none. */
  beatMs: number | null;
  /** When it was last seen under a debugger; silence before that does not count. */
  tracedMs: number;
}

/** What to think of a host, or when to look again and whether to ask it for a sign of life. */
export type Liveness =
  /** A callback runs for too long. */
  | { kind: 'hung' }
  /** It executes nothing, and has not answered for `silentMs`. */
  | { kind: 'unreachable'; silentMs: number }
  | { kind: 'alive'; lookAgainMs: number; beat: boolean };

/** Heartbeats that an idle host may miss in a row. */
export const LIVENESS = 10;

/** A look that was taken a moment early is not repeated at once. */
export const SOONEST_LOOK_MS = 10;

/**
 * While a callback runs, only `hangMs` counts. A host that holds calls and executes none must answer within `hangMs` or ten
 * heartbeats, whichever is shorter. Otherwise it is stopped, or stuck outside of the module. A host that holds no calls is
 * asked for a sign of life.
 */
export function judge(seen: Observation): Liveness {
  const { nowMs, hangMs, heartbeatMs, executingSinceMs } = seen;
  const silenceMs = LIVENESS * heartbeatMs;
  // A begin in the future was overwritten by the module, and says nothing.
  if (executingSinceMs !== null && executingSinceMs <= nowMs) {
    if (hangMs === null) return lookAgain(silenceMs);
    const leftMs = hangMs - since(seen, executingSinceMs);
    return leftMs <= 0 ? { kind: 'hung' } : lookAgain(Math.min(hangMs, leftMs));
  }
  if (seen.owes) {
    const limitMs = Math.min(hangMs ?? silenceMs, silenceMs);
    const silentMs = since(seen, seen.heardMs);
    return silentMs >= limitMs ? { kind: 'unreachable', silentMs } : lookAgain(limitMs - silentMs);
  }
  if (seen.beatMs === null) return { kind: 'alive', lookAgainMs: heartbeatMs, beat: true };
  const silentMs = since(seen, seen.beatMs);
  return silentMs >= silenceMs
    ? { kind: 'unreachable', silentMs }
    : lookAgain(Math.min(heartbeatMs, silenceMs - silentMs));
}

function since({ nowMs, tracedMs }: Observation, eventMs: number): number {
  return nowMs - Math.max(eventMs, tracedMs);
}

function lookAgain(ms: number): Liveness {
  return { kind: 'alive', lookAgainMs: Math.max(SOONEST_LOOK_MS, ms), beat: false };
}
