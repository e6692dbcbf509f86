/** What follows from a death, by the state that the module came into: pure. */

import type { ModuleSpec } from '../../config/types.js';
import type { Consequence } from '../news/describe-consequence.js';
import type { ModuleLife } from './module-lifecycle.js';

/** As it is told to an operator. @param hasOthers - other replicas serve, and take its share */
export function consequenceOf(
  life: ModuleLife,
  { onFailure, shadowOf }: Pick<ModuleSpec, 'onFailure' | 'shadowOf'>,
  nowMs: number,
  hasOthers: boolean,
): Consequence {
  switch (life.kind) {
    case 'starting':
      return { kind: 'started-now' };
    case 'backoff':
      return { kind: 'started-later', inMs: life.untilMs - nowMs };
    case 'failed':
      return { kind: 'given-up', inMs: life.untilMs - nowMs, onFailure, isShadow: shadowOf !== null, hasOthers };
    default:
      return { kind: 'stays-down' };
  }
}
