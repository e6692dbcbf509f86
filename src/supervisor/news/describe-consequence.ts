/** What follows the death of a module's host, in words. */

/** What follows it. */
export type Consequence =
  | { kind: 'started-now' }
  | { kind: 'started-later'; inMs: number }
  /** The module is given up for now, and tried again. */
  | { kind: 'bypassed'; inMs: number }
  | { kind: 'stays-down' };

/** As half a sentence. */
export function describeConsequence(consequence: Consequence): string {
  switch (consequence.kind) {
    case 'started-now':
      return 'it is started again now';
    case 'started-later':
      return `it is started again in ${Math.max(1, Math.round(consequence.inMs))} ms`;
    case 'bypassed':
      return `it is bypassed, and tried again in ${Math.round(consequence.inMs / 1000)} s`;
    case 'stays-down':
      return 'it stays down, as ordered';
  }
}
