/** Remembers the deaths of a module's hosts, and decides what follows the next one. */

import { performance } from 'node:perf_hooks';
import { PATIENCE_MS } from '../runner/outside-signals.js';
import {
  afterCrash,
  afterFailedStart,
  NO_HISTORY,
  type RestartDecision,
  type RestartHistory,
  type RestartSettings,
} from './restart-policy.js';

/** A death, as far as it matters for what follows. */
export interface MournedDeath {
  /** Nobody had ordered it. */
  isFault: boolean;
  /** Somebody else ended the host, most likely with the whole core. */
  isStray: boolean;
  /** Whether a host served, and for how long that one had been ready. */
  served: boolean;
  servedMs: number;
  /** Whether the module has ever served. */
  hasServed: boolean;
}

/** What follows the death of a host that was ordered, when the module is still wanted. */
const AT_ONCE: Extract<RestartDecision, { kind: 'restart' }> = { kind: 'restart', delayMs: 0, history: NO_HISTORY };

/** One module's. */
export class Restarts {
  #history: RestartHistory = NO_HISTORY;

  /** Whether the module was given up, so that the next start is only a probe. */
  get isProbing(): boolean {
    return this.#history.probes > 0;
  }

  /** Begins anew. */
  forget(): void {
    this.#history = NO_HISTORY;
  }

  /** Decides, and remembers. */
  decide({ isFault, isStray, served, servedMs, hasServed }: MournedDeath, settings: RestartSettings): RestartDecision {
    let decision: RestartDecision;
    if (isFault) {
      const now = { ms: performance.now(), servedMs, hasServed, random: Math.random() };
      decision = (served ? afterCrash : afterFailedStart)(this.#history, settings, now);
    } else {
      decision = isStray ? { ...AT_ONCE, delayMs: PATIENCE_MS, history: this.#history } : AT_ONCE;
    }
    this.#history = decision.history;
    return decision;
  }
}
