/** What orders are given to. */

import type { CoreConfig } from '../../config/types.js';
import type { Roster } from '../module/roster.js';
import type { StoppedModules } from './stopped-modules.js';

/** A core, as orders see it. */
export interface Ordered {
  roster: Roster;
  stopped: StoppedModules;
  /** @throws IllegalStateError unless it runs. */
  requireRunning(order: string): void;
  config(): CoreConfig;
  /** Takes another configuration, for everything from now on. */
  adopt(config: CoreConfig): void;
  /** Waits for what went into the chain before now. */
  underway(): Promise<unknown>;
  /** An order came to its end, one way or the other. */
  carriedOut(): void;
}
