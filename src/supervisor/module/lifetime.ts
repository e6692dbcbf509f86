/** What continues when a module is removed and added again, in one run of a core. */

import { ModuleStats } from '../news/module-stats.js';
import type { Generations } from './host-maker.js';

/** Of all modules that have or had this name. */
export interface Lifetime {
  generations: Generations;
  stats: ModuleStats;
}

/** Of a name that no module had before. */
export function newLifetime(): Lifetime {
  return { generations: { last: 0 }, stats: new ModuleStats() };
}
