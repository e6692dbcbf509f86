/** What follows the death of a module's host, in words. */

import type { ModuleSpec } from '../../config/types.js';

/** What follows it. */
export type Consequence =
  | { kind: 'started-now' }
  | { kind: 'started-later'; inMs: number }
  /**
   * The module, or one replica of it, is given up for now, and tried again. Until then its messages go to the other replicas. If
   * there are none, they get the verdict of `onFailure`. No message waits for a shadow.
   */
  | { kind: 'given-up'; inMs: number; onFailure: ModuleSpec['onFailure']; isShadow: boolean; hasOthers: boolean }
  | { kind: 'stays-down' };

/** As half a sentence. */
export function describeConsequence(consequence: Consequence): string {
  switch (consequence.kind) {
    case 'started-now':
      return 'it is started again now';
    case 'started-later':
      return `it is started again in ${Math.max(1, Math.round(consequence.inMs))} ms`;
    case 'given-up': {
      const again = `it is tried again in ${Math.round(consequence.inMs / 1000)} s`;
      if (consequence.hasOthers) return `the other replicas get its messages now; ${again}`;
      if (consequence.isShadow) return `nothing is offered to it now; ${again}`;
      return consequence.onFailure === 'consume'
        ? `its messages are dropped now (on_failure = consume); ${again}`
        : `its messages pass it by now; ${again}`;
    }
    case 'stays-down':
      return 'it stays down, as ordered';
  }
}
