/** Times on the clock of `performance.now()`, as times of day. */

import { performance } from 'node:perf_hooks';
import type { ModuleLife } from './module-lifecycle.js';

/** In ISO 8601; `null` stays `null`. */
export function wallTimeOf(ms: number | null): string | null {
  return ms === null ? null : new Date(Date.now() + ms - performance.now()).toISOString();
}

/** When what waits for its next start is started, in ISO 8601; `null`: it does not wait. */
export function nextStartOf(life: ModuleLife): string | null {
  return wallTimeOf('untilMs' in life ? life.untilMs : null);
}
