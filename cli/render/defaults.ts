/** What becomes of messages on which a module gave no verdict, in words: pure. */

import { counted } from '../../src/counted.js';
import type { ModuleStatus } from '../../src/supervisor/types.js';
import { isShadow } from './shown-state.js';

/** A core of another version does not say it. */
type OnFailure = ModuleStatus['onFailure'] | undefined;

/** What a stop of a module has led to, as half a sentence. */
export function describeStop(module: ModuleStatus | undefined): string {
  if (module !== undefined && isShadow(module)) return 'nothing is offered to it any more';
  return `its messages ${describeFate(module?.onFailure)}`;
}

/**
 * What becomes of the messages of modules of the chain that are down, behind their subject.
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

/** On how many messages a module gave no verdict, and what became of them. What a shadow does changes nothing for a message. */
export function describeUndecided(module: Undecided): string {
  const { messages } = module;
  if (isShadow(module)) return `no verdict on ${messages.default}`;
  return `${messages.default} got the default verdict${describeDefaults(messages)}`;
}

/** The same as half a sentence behind others; `''`: there are none. */
export function describeAllUndecided(module: Undecided): string {
  const { messages } = module;
  if (messages.default === 0) return '';
  const count = counted(messages.default, 'message');
  if (isShadow(module)) return `; in all it gave no verdict on ${count}`;
  return `; in all ${count} got the default verdict${describeDefaults(messages)}`;
}

/** A core of another version may not say whose shadow it is. */
type Undecided = Partial<Pick<ModuleStatus, 'shadowOf'>> & Pick<ModuleStatus, 'messages'>;

/** Behind a count of default verdicts: what became of these messages. */
function describeDefaults(messages: Pick<ModuleStatus['messages'], 'default' | 'defaultConsumed'>): string {
  const { default: all, defaultConsumed: dropped } = messages as Partial<typeof messages> & { default: number };
  if (all === 0 || dropped === undefined) return '';
  if (dropped === 0) return ' and passed';
  const were = dropped === 1 ? 'was' : 'were';
  return dropped === all ? ` and ${were} DROPPED` : `: ${all - dropped} passed, ${dropped} ${were} DROPPED`;
}
