/** Which search looks for which globs: all of them by one automaton when it is small enough. Pure. */

import type { Glob } from '../glob.js';
import { type AutomatonSearch, makeAutomatonSearch } from './automaton-search.js';
import { BitSearch, countPositions, MAX_BIT_POSITIONS } from './bit-search.js';
import type { Search } from './search.js';

/** Globs whose own automaton has more states than this are kept out of the common one; the first that does is taken. */
const THRESHOLDS = [1024, 128, 0] as const;

/** The searches for globs that have a middle; `null` when they would take too long. */
export function planSearches(globs: readonly Glob[]): Search[] | null {
  if (globs.length === 0) return [];
  const whole = makeAutomatonSearch(globs);
  if (whole !== null) return [whole];
  const sizes = globs.map(sizeOf);
  for (const threshold of THRESHOLDS) {
    const slow = globs.filter((_, index) => (sizes[index] as number) > threshold);
    if (slow.length === 0 || countPositions(slow) > MAX_BIT_POSITIONS) continue;
    const fast = globs.filter((_, index) => (sizes[index] as number) <= threshold);
    const common: AutomatonSearch | null = fast.length === 0 ? null : makeAutomatonSearch(fast);
    if (common !== null || fast.length === 0) return [...(common ? [common] : []), new BitSearch(slow)];
  }
  return null;
}

/** Literal parts never make an automaton large, so they stay. */
function sizeOf(glob: Glob): number {
  if (glob.middle.flat().every((position) => typeof position === 'number')) return 0;
  return makeAutomatonSearch([glob], THRESHOLDS[0])?.states ?? Number.POSITIVE_INFINITY;
}
