/** The state of a module with several replicas: pure. */

import type { ModuleLife } from './module-lifecycle.js';

/** From the best to the worst. */
const ORDER: readonly ModuleLife['kind'][] = ['serving', 'starting', 'backoff', 'failed', 'stopped'];

/**
 * The best of their states: a module serves as long as one of its replicas does. Of several that wait for their next start, the
 * one that waits least counts.
 */
export function lifeOfAll(lives: readonly ModuleLife[]): ModuleLife {
  let best: ModuleLife = { kind: 'stopped' };
  for (const life of lives) {
    const rank = ORDER.indexOf(life.kind) - ORDER.indexOf(best.kind);
    if (rank < 0 || (rank === 0 && untilOf(life) < untilOf(best))) best = life;
  }
  return best;
}

function untilOf(life: ModuleLife): number {
  return 'untilMs' in life ? life.untilMs : 0;
}
