/** Settings that were given in the wrong place on a command line: ours as the module's, and the module's as ours. Pure. */

import { SupervisorError } from '../errors.js';
import { quoteWord } from '../sentence.js';
import { findNearKey } from './near-miss.js';
import { CORE_KEYS, MODULE_KEYS } from './schema.js';
import { showText } from './text.js';

/** Which command was given them. `run` loads modules without a core, so that our settings have no effect there. */
export type GivenTo = 'try' | 'run';

/** Says which of the settings for the module may have been meant for us. The module gets them all the same. */
export function describeMisplaced(pairs: readonly (readonly [string, string])[], to: GivenTo): string[] {
  return pairs.flatMap(([key, value]) => {
    const doubt = describeDoubt(key, value, to);
    return doubt === null ? [] : [`--conf ${showText(key)}: ${doubt}`];
  });
}

function describeDoubt(key: string, value: string, to: GivenTo): string | null {
  if (Object.hasOwn(MODULE_KEYS, key))
    return `the module gets it; ${key} is also a setting of ours. ${toSet(key, value, to)}`;
  if (key === ENV) return `the module gets it; env is also a section of ours. ${ENV_REMEDY}`;
  if (Object.hasOwn(CORE_KEYS, key)) {
    return `the module gets it; ${key} is also a setting of the core, which has no effect here`;
  }
  const near = findNearKey(key, Object.keys(MODULE_KEYS));
  if (near === null) return null;
  return `the module gets it; did you mean ${near}, which is a setting of ours? ${toSet(near, value, to)}`;
}

function toSet(key: string, value: string, to: GivenTo): string {
  if (key === 'abi') return `To set ours: --abi ${quoteWord(value)}`;
  if (key === 'path') return 'The file is given without an option';
  if (to === 'run') return 'With --in-process ours has no effect; "try" takes it with --set';
  return `To set ours: --set ${quoteWord(`${key}=${value}`)}`;
}

/** The one section that a module may have for the environment of its process. */
const ENV = 'env';
const ENV_REMEDY = 'To set variables of its process, write env { NAME = VALUE } in its block of a configuration';

/** The error for what was given as ours and is not. */
export function unknownSetting(key: string, value: string): SupervisorError {
  if (key === ENV) {
    const what = `found ${ENV}, which is a section, not a setting`;
    return new SupervisorError('CONFIG_VALUE', what, { remedy: ENV_REMEDY.replace('To', 'to') });
  }
  const known = Object.keys(MODULE_KEYS);
  const near = findNearKey(key, known);
  const forModule = `for a setting of the module, write --conf ${quoteWord(`${key}=${value}`)}`;
  const remedy = near ? `did you mean ${near}? ${forModule}` : `${forModule}; ours are ${known.join(', ')}`;
  const what = Object.hasOwn(CORE_KEYS, key)
    ? 'which is one of the core and has no effect on one module'
    : 'which is not one of ours';
  return new SupervisorError('CONFIG_VALUE', `found the setting ${showText(key)}, ${what}`, { remedy });
}
