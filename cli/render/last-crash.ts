/** The last crash of a module, as its crash card has it: pure. */

import { basename } from 'node:path';
import { coreCommand, type Sentence, sentence } from '../../src/sentence.js';
import type { ModuleStatus } from '../../src/supervisor/types.js';

/** A longer name is cut: names of C++ templates may have thousands of characters. */
const NAME_CHARACTERS = 120;

/** Where it was, and the command that says more; `null`: there was none. A core of another version does not say it. */
export function describeLastCrash({ lastCrash = null }: Partial<Pick<ModuleStatus, 'lastCrash'>>): Sentence | null {
  if (lastCrash === null) return null;
  const { id, function: name, source, line } = lastCrash;
  if (name === null) return id === null ? null : sentence`its last crash: ${coreCommand('crashes', 'show', id)}`;
  const short = name.length <= NAME_CHARACTERS ? name : `${name.slice(0, NAME_CHARACTERS)}...`;
  const place = source === null ? '' : ` at ${basename(source)}${line === null ? '' : `:${line}`}`;
  if (id === null) return sentence`its last crash was in ${short}${place}, and its card could not be written`;
  return sentence`its last crash was in ${short}${place}: ${coreCommand('crashes', 'show', id)}`;
}
