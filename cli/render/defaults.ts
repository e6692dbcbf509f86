/** What becomes of messages on which a module gave no verdict, in words: pure. */

import type { ModuleStatus } from '../../src/supervisor/types.js';

/** A core of another version does not say it. */
type OnFailure = ModuleStatus['onFailure'] | undefined;

/**
 * What becomes of the messages of modules that are down, behind their subject.
 *
 * @param whose - `it`: one module, `them`: several
 */
export function describeFate(onFailure: OnFailure, whose: 'it' | 'them' = 'it'): string {
  switch (onFailure) {
    case 'consume':
      return 'are DROPPED: on_failure = consume';
    case 'pass':
      return `pass ${whose} by`;
    default:
      return 'get the default verdict';
  }
}

/** Behind a count of default verdicts: what became of these messages. */
export function describeDefaults(messages: Pick<ModuleStatus['messages'], 'default' | 'defaultConsumed'>): string {
  const { default: all, defaultConsumed: dropped } = messages as Partial<typeof messages> & { default: number };
  if (all === 0 || dropped === undefined) return '';
  if (dropped === 0) return ' and passed';
  const were = dropped === 1 ? 'was' : 'were';
  return dropped === all ? ` and ${were} DROPPED` : `: ${all - dropped} passed, ${dropped} ${were} DROPPED`;
}
