/** Whether a host is at work, hangs, or cannot be reached: pure, with the clock passed in. */

/** What is known of a host when it is looked at. */
export interface Observation {
  nowMs: number;
  /** A callback may run for this long; `null`: for ever. */
  callbackMs: number | null;
  /** A host that executes nothing may be silent for this long; `null`: only {@link LIVENESS} counts. */
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
  /** For how long the call being executed was held up because its stack was taken. */
  heldMs: number;
  /** When it was last seen held up for that; silence before that does not count. */
  heldUntilMs: number;
  /** Whether the stack of the call being executed was taken already, or is not to be. */
  hasStack: boolean;
}

/** What to think of a host, or when to look again and whether to ask it for a sign of life. */
export type Liveness =
  /** A callback runs for too long. */
  | { kind: 'hung' }
  /** It executes nothing, and has not answered for `silentMs`. */
  | { kind: 'unreachable'; silentMs: number }
  /** A callback has run for so long that its stack is to be taken, to have it if it is killed. */
  | { kind: 'slow'; lookAgainMs: number }
  | { kind: 'alive'; lookAgainMs: number; beat: boolean };

/** Heartbeats that an idle host may miss in a row. */
export const LIVENESS = 10;

/** A look that was taken a moment early is not repeated at once. */
export const SOONEST_LOOK_MS = 10;

/** Enough for gdb, which takes half a second, and more on a machine that is busy. */
const STACK_LEAD_MS = 3000;

/** The stack is taken when this much of a time limit is over: before the limit, so that nothing waits for it then. */
export function stackAfter(limitMs: number): number {
  return Math.max(limitMs / 2, limitMs - STACK_LEAD_MS);
}

/**
 * While a callback runs, only `callbackMs` counts. A host that holds calls and executes none must answer within `hangMs` or ten
 * heartbeats, whichever is shorter. Otherwise it is stopped, or stuck outside of the module. A host that holds no calls is
 * asked for a sign of life. What it loses while its stack is taken is given back.
 */
export function judge(seen: Observation): Liveness {
  const { nowMs, callbackMs, hangMs, heartbeatMs, executingSinceMs } = seen;
  const silenceMs = LIVENESS * heartbeatMs;
  // A begin in the future was overwritten by the module, and says nothing.
  if (executingSinceMs !== null && executingSinceMs <= nowMs) {
    if (callbackMs === null) return lookAgain(silenceMs);
    const ranMs = since(seen, executingSinceMs) - seen.heldMs;
    const leftMs = callbackMs - ranMs;
    if (leftMs <= 0) return { kind: 'hung' };
    const toStackMs = stackAfter(callbackMs) - ranMs;
    if (seen.hasStack) return lookAgain(Math.min(callbackMs, leftMs));
    return toStackMs <= 0
      ? { kind: 'slow', lookAgainMs: Math.max(SOONEST_LOOK_MS, leftMs) }
      : lookAgain(Math.min(callbackMs, toStackMs));
  }
  if (seen.owes) {
    const limitMs = Math.min(hangMs ?? silenceMs, silenceMs);
    const silentMs = since(seen, Math.max(seen.heardMs, seen.heldUntilMs));
    return silentMs >= limitMs ? { kind: 'unreachable', silentMs } : lookAgain(limitMs - silentMs);
  }
  if (seen.beatMs === null) return { kind: 'alive', lookAgainMs: heartbeatMs, beat: true };
  const silentMs = since(seen, Math.max(seen.beatMs, seen.heldUntilMs));
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
