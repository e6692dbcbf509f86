/** How long a module that is tried is watched after a message. */

import { setTimeout as sleep } from 'node:timers/promises';
import { counted } from '../../src/counted.js';
import type { Trial } from '../../src/throwaway/try-module.js';
import { tell } from '../terminal/io.js';
import { showProgress } from '../terminal/progress.js';

/** When a module has had nothing open for this long, it has finished its work. */
export const QUIET_MS = 200;
/** The longest wait for an answer, unless the user says how long to wait. */
export const PATIENCE_MS = 60_000;
const LOOK_MS = 20;

/**
 * Until when to watch: pure.
 *
 * @param given - for how long somebody asked to watch; `null`: until it has been quiet
 */
export function watchesOn(sinceMs: number, quietMs: number, given: number | null): boolean {
  return given === null ? quietMs < QUIET_MS && sinceMs < PATIENCE_MS : sinceMs < given;
}

/** Watches it, and says what is still open at the end. */
export async function watchTrial(
  trial: Pick<Trial, 'openRequests'>,
  given: number | null,
  signal: AbortSignal,
): Promise<void> {
  const began = performance.now();
  let quietSince = began;
  let open = trial.openRequests();
  const endProgress = showProgress(async () =>
    open === 0 ? null : `try: waiting for ${counted(open, 'http request')}`,
  );
  for (let now = began; watchesOn(now - began, now - quietSince, given) && !signal.aborted; now = performance.now()) {
    await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
    open = trial.openRequests();
    if (open > 0) quietSince = performance.now();
  }
  endProgress();
  if (open === 0 || signal.aborted) return;
  const waited = Math.round(performance.now() - began);
  const remedy = given === null ? `add --wait ${2 * Math.max(waited, PATIENCE_MS)}` : 'give a larger --wait';
  tell(`${counted(open, 'http request')} still open after ${waited} ms; to wait longer, ${remedy}`);
}
