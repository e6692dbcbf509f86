/** What continues when a module is removed and added again, in one run of a core. */

import { ModuleStats } from '../news/module-stats.js';
import { ShadowTally } from '../shadows/shadow-tally.js';
import type { Generations } from './host-maker.js';

/** Of all modules that have or had this name. */
export interface Lifetime {
  generations: Generations;
  stats: ModuleStats;
  /** What was counted of its shadows. */
  tally: ShadowTally | null;
}

/** Of a name that no module had before. */
export function newLifetime(): Lifetime {
  return { generations: { last: 0 }, stats: new ModuleStats(), tally: null };
}

/** What is counted of a shadow of this name. */
export function tallyOf(lifetime: Lifetime): ShadowTally {
  lifetime.tally ??= new ShadowTally();
  return lifetime.tally;
}
