/** Pure: which ABI a module file was built for, and which of its functions is init, by its dynamic symbols. */

import type { AbiName } from '../../config/types.js';
import { ModuleLoadError } from '../../errors.js';
import type { ElfFacts } from './elf.js';

/** Functions that exports-2020 alone has; sockets are told by their prefix. */
const ONLY_2020 = ['mesibo_util_http', 'mesibo_util_fcgi', 'mesibo_util_usec', 'mesibo_vlog'];
const SOCKET_PREFIX = 'mesibo_util_socket_';
const INIT = /^mesibo_module_(.+)_init$/;
/** Names that an error lists, at most. */
const MAX_LISTED = 5;

/** The ABI that a file is to be called by, and how that was found, in words. */
export interface DetectedAbi {
  abi: AbiName;
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
 * Tells the ABI from what the file imports, unless the configuration says it.
 *
 * @param configured - the value of `abi`, which overrides everything
 * @throws {@link ModuleLoadError} `MODULE_ABI_UNSUPPORTED` for exports-2019
 */
export function detectAbi(facts: ElfFacts, configured: AbiName | null): DetectedAbi {
  if (configured !== null) return { abi: configured, reason: 'set by "abi" in the configuration' };
  const imports = facts.imports.filter((name) => name.startsWith('mesibo_'));
  if (imports.includes('mesibo_http')) {
    const cause = 'it imports mesibo_http, so it was built for the ABI exports-2019, which this version does not run';
    const remedy = 'build it against exports-2020, where mesibo_util_http takes its place';
    throw new ModuleLoadError('MODULE_ABI_UNSUPPORTED', `${facts.path}: ${cause}; ${remedy}`);
  }
  const telling = imports.find((name) => ONLY_2020.includes(name) || name.startsWith(SOCKET_PREFIX));
  if (telling !== undefined) return { abi: 'exports-2020', reason: `it imports ${telling}` };
  const shared = imports[0];
  if (shared === undefined) {
    return { abi: 'table', reason: 'it imports no mesibo_* function, so they must come in the module structure' };
  }
  const doubt = 'which exports-2019 has too; set "abi = exports-2020" if that is what it was built for';
  return { abi: 'exports-2020', reason: `it imports ${shared}, ${doubt}` };
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
