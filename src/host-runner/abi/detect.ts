/** Pure: which ABIs a module file may have been built for, and which of its functions is init, by its dynamic symbols. */

import type { AbiName } from '../../config/types.js';
import { ModuleLoadError } from '../../errors.js';
import type { ElfFacts } from './elf.js';

/** The function that exports-2019 alone has. */
const ONLY_2019 = 'mesibo_http';
/** Functions that exports-2020 alone has; sockets are told by their prefix. */
const ONLY_2020 = ['mesibo_util_http', 'mesibo_util_fcgi', 'mesibo_util_usec', 'mesibo_vlog'];
const SOCKET_PREFIX = 'mesibo_util_socket_';
const INIT = /^mesibo_module_(.+)_init$/;
/** Names that an error lists, at most. */
const MAX_LISTED = 5;

/** The ABIs that a file may have been built for, the likeliest first, and how that was found, in words. */
export interface Candidates {
  /** At least one; a single one is certain, of several a trial decides. */
  candidates: AbiName[];
  reason: string;
}

/** The init function of a file. */
export interface InitSymbol {
  /** As the file exports it, for dlsym. */
  symbol: string;
  /** What the operator should know and do; `null` when nothing. */
  warning: string | null;
}

/**
 * Tells from what a file imports which ABIs it may have been built for, unless the configuration says it.
 *
 * @param configured - the value of `abi`, which overrides everything
 */
export function findCandidates(facts: ElfFacts, configured: AbiName | null): Candidates {
  if (configured !== null) return { candidates: [configured], reason: 'set by "abi" in the configuration' };
  const imports = facts.imports.filter((name) => name.startsWith('mesibo_'));
  if (imports.includes(ONLY_2019)) return { candidates: ['exports-2019'], reason: `it imports ${ONLY_2019}` };
  const telling = imports.find((name) => ONLY_2020.includes(name) || name.startsWith(SOCKET_PREFIX));
  if (telling !== undefined) return { candidates: ['exports-2020'], reason: `it imports ${telling}` };
  const shared = imports[0];
  if (shared === undefined) {
    return { candidates: ['table', 'exports-2020', 'exports-2019'], reason: 'it imports no mesibo_* function' };
  }
  return { candidates: ['exports-2020', 'exports-2019'], reason: `it imports ${shared}, as both have it` };
}

/**
 * Finds `mesibo_module_<name>_init`; failing that, the only init of another name, or one that a C++ compiler mangled.
 *
 * @param moduleName - the configured name
 * @throws {@link ModuleLoadError} `MODULE_NO_INIT`
 */
export function findInit(facts: ElfFacts, moduleName: string): InitSymbol {
  const wanted = `mesibo_module_${moduleName}_init`;
  if (facts.exports.includes(wanted)) return { symbol: wanted, warning: null };

  const inits = facts.exports.filter((name) => INIT.test(name));
  const [only, another] = inits;
  if (only !== undefined && another === undefined) {
    const remedy = `call the module "${INIT.exec(only)?.[1]}" in the configuration, or rename the function`;
    return {
      symbol: only,
      warning: `${facts.path}: it exports ${only} instead of ${wanted}, which is used; ${remedy}`,
    };
  }

  const mangled = facts.exports.find((name) => name.startsWith(`_Z${wanted.length}${wanted}`));
  if (mangled !== undefined) {
    const warning = `${facts.path}: it exports ${wanted} under its C++ name ${mangled} only, which is used; declare it extern "C"`;
    return { symbol: mangled, warning };
  }
  throw new ModuleLoadError('MODULE_NO_INIT', `${facts.path}: ${describeMissing(facts, wanted, inits)}`);
}

function describeMissing(facts: ElfFacts, wanted: string, inits: string[]): string {
  if (inits.length > 0) {
    return `it exports no ${wanted}, but ${list(inits)}; call the module by one of these names in the configuration`;
  }
  const similar = facts.exports.filter((name) => /mesibo_?module|_init(?![a-z])/i.test(name) && !/^_init$/.test(name));
  const found = similar.length > 0 ? `, but ${list(similar)}` : '';
  return `it exports no ${wanted}${found}; define that function with MESIBO_EXPORT and build the module again`;
}

function list(names: string[]): string {
  const more = names.length > MAX_LISTED ? ` and ${names.length - MAX_LISTED} more` : '';
  return names.slice(0, MAX_LISTED).join(', ') + more;
}
