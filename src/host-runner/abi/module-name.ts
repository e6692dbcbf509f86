/** What a file calls its module. */

import { ModuleLoadError } from '../../errors.js';
import type { ElfFacts } from './elf.js';

/** A mangled name has it in the middle. */
const INIT = /mesibo_module_([A-Za-z0-9_]+?)_init(?:$|[^A-Za-z0-9_]|[a-z]*P)/;

/**
 * Finds the one name that a file has an init for.
 *
 * @throws {ModuleLoadError} `MODULE_NO_INIT` when there is none, or several
 */
export function nameOf(facts: ElfFacts): string {
  const names = facts.exports.flatMap((symbol) => INIT.exec(symbol)?.[1] ?? []);
  const [name, another] = new Set(names);
  if (name !== undefined && another === undefined) return name;
  const what =
    name === undefined
      ? 'it exports no mesibo_module_<name>_init; define that function with MESIBO_EXPORT and build the module again'
      : `it exports the init of several modules (${[...new Set(names)].join(', ')}); name one of them, with --name or in a configuration`;
  throw new ModuleLoadError('MODULE_NO_INIT', `${facts.path}: ${what}`);
}
