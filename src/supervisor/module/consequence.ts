/** What follows from a death, by the state that the module came into: pure. */

import type { Consequence } from '../news/describe-consequence.js';
import type { ModuleLife } from './module-lifecycle.js';

/** As it is told to an operator. */
export function consequenceOf(life: ModuleLife, nowMs: number): Consequence {
  switch (life.kind) {
    case 'starting':
      return { kind: 'started-now' };
    case 'backoff':
      return { kind: 'started-later', inMs: life.untilMs - nowMs };
    case 'failed':
      return { kind: 'bypassed', inMs: life.untilMs - nowMs };
    default:
      return { kind: 'stays-down' };
  }
}
