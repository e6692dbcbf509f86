/** A probation that is too short to see everything that it is for: it may be meant, so it is a warning. */

import type { ModuleSpec } from './types.js';
import { formatDuration } from './units.js';

/** What is doubtful about the probation of a module, with the remedy; `null`: nothing. */
export function findProbationDoubt({ probationMs, hangMs }: Pick<ModuleSpec, 'probationMs' | 'hangMs'>): string | null {
  // Without `hang` nobody looks for one.
  if (probationMs === null || hangMs === null || probationMs > hangMs) return null;
  const [probation, hang] = [formatDuration(probationMs), formatDuration(hangMs)];
  return `found probation = ${probation} and hang = ${hang}: the probation is over before a hang is noticed; make it longer than hang`;
}
