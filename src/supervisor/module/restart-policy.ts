/** When a module is started again, and when that is given up: pure, with the clock and the dice passed in. */

/** What is remembered of a module's deaths. */
export interface RestartHistory {
  /** Times of the crashes that still count towards `maxCrashes`, in milliseconds. */
  crashes: number[];
  /** Restarts since the last healthy stretch; the first is immediate. */
  attempts: number;
  /** How often it was given up without being healthy since. If it is, the next death is another failed probe. */
  probes: number;
}

/** The settings that decide; see `docs/configuration.md`. */
export interface RestartSettings {
  backoff: { minMs: number; maxMs: number };
  maxCrashes: { count: number; periodMs: number } | null;
}

export type RestartDecision =
  | { kind: 'restart'; delayMs: number; history: RestartHistory }
  /** The intensity is spent: bypassed, and tried again after `probeMs`. */
  | { kind: 'fail'; probeMs: number; history: RestartHistory };

/** A host that served for this long starts the backoff from its beginning. */
export const HEALTHY_MS = 60_000;

/** A failed module is tried again after the first of these, then after twice as long each time, up to the last. */
export const PROBE_MS = { first: 30_000, last: 600_000 };

/** What a module remembers before anything went wrong. */
export const NO_HISTORY: RestartHistory = { crashes: [], attempts: 0, probes: 0 };

/**
 * Decides what follows the death of a host that had been ready.
 *
 * @param servedMs how long it had been ready
 * @param random from 0 to 1, for the jitter: up to a quarter less than the doubled wait, or more than that of a probe
 */
export function afterCrash(
  history: RestartHistory,
  settings: RestartSettings,
  now: { ms: number; servedMs: number; random: number },
): RestartDecision {
  const healthy = now.servedMs >= HEALTHY_MS;
  if (history.probes > 0 && !healthy) return fail(history, now.random);
  const limit = settings.maxCrashes;
  const crashes = limit ? [...history.crashes.filter((at) => now.ms - at < limit.periodMs), now.ms] : [];
  if (limit && crashes.length > limit.count) return fail(NO_HISTORY, now.random);
  const attempts = healthy ? 0 : history.attempts;
  return {
    kind: 'restart',
    delayMs: backoffMs(attempts, settings, now.random),
    history: { crashes, attempts: attempts + 1, probes: 0 },
  };
}

/**
 * Decides what follows a start that did not become ready. A module that has never served is only probed. One that has served
 * before starts again with backoff, as long as it has not crashed too often.
 */
export function afterFailedStart(
  history: RestartHistory,
  settings: RestartSettings,
  now: { hasServed: boolean; random: number },
): RestartDecision {
  const tooMany = settings.maxCrashes !== null && history.attempts >= MAX_FAILED_STARTS;
  if (!now.hasServed || history.probes > 0 || tooMany) return fail(history, now.random);
  const delayMs = backoffMs(Math.max(1, history.attempts), settings, now.random);
  return { kind: 'restart', delayMs, history: { ...history, attempts: history.attempts + 1 } };
}

/** Starts in a row, crashes included, before a module that cannot start is only probed, unless nothing is limited. */
const MAX_FAILED_STARTS = 8;

function backoffMs(attempts: number, { backoff }: RestartSettings, random: number): number {
  if (attempts === 0) return 0;
  const doubled = Math.min(backoff.maxMs, backoff.minMs * 2 ** (attempts - 1));
  return Math.round(doubled * (1 - random / 4));
}

/** Up to a quarter later by chance, so that modules with the same problem do not start at the same moment. */
function fail({ probes }: RestartHistory, random: number): RestartDecision {
  const probeMs = Math.round(Math.min(PROBE_MS.last, PROBE_MS.first * 2 ** probes * (1 + random / 4)));
  return { kind: 'fail', probeMs, history: { ...NO_HISTORY, probes: probes + 1 } };
}
