/** Which modules are loaded into one process, and how: from files or from a configuration. */

import { resolve } from 'node:path';
import { describeMissing, MISSING_REMEDY } from '../config/resolve.js';
import type { AbiName, CoreConfig } from '../config/types.js';
import { ModuleLoadError } from '../errors.js';
import { type ElfFacts, readElf } from '../host-runner/abi/elf.js';
import { nameOf } from '../host-runner/abi/init-symbol.js';
import { inspect } from '../host-runner/abi/inspect.js';

/** One module as the loader is told of it. */
export interface PlannedModule {
  name: string;
  /** Absolute. */
  path: string;
  init: string;
  /** The ABIs to try, in this order. */
  abis: AbiName[];
  /** How they were found, in words. */
  reason: string;
  settings: [key: string, value: string][];
  /** What the author should know, a line each. */
  warnings: string[];
}

/**
 * Plans files, each of which says by its init function what its module is called.
 *
 * @param settings given to every one of them
 * @param abi what they were built for; `null`: found out for each
 * @param name of the module, where there is one file; absent: as its init is called
 * @throws {ModuleLoadError} for a file that cannot be a module, or has several
 */
export function planFiles(
  files: readonly string[],
  settings: [string, string][],
  abi: AbiName | null = null,
  name?: string,
): PlannedModule[] {
  return files.map((file) => {
    const facts = readElf(resolve(file));
    return plan(facts, name ?? nameOf(facts), abi, settings);
  });
}

/**
 * Plans the modules of a configuration, in their order.
 *
 * @throws {ModuleLoadError} for a file that is missing or cannot be a module
 */
export function planConfig(config: CoreConfig): PlannedModule[] {
  return inChain(config).map(({ name, path, lookedFor, abi, config: settings }) => {
    if (path === null) {
      const text = `module ${name}: ${describeMissing(lookedFor)}`;
      throw new ModuleLoadError('MODULE_FILE_MISSING', text, { module: name, remedy: MISSING_REMEDY });
    }
    return plan(readElf(path), name, abi, settings);
  });
}

function plan(facts: ElfFacts, name: string, abi: AbiName | null, settings: [string, string][]): PlannedModule {
  const { path, symbol, candidates, reason, warnings } = inspect(facts, name, abi);
  return {
    name,
    path,
    init: symbol,
    abis: candidates,
    reason,
    settings,
    warnings: warnings.map((warning) => `module ${name}: ${warning}`),
  };
}

/** A shadow is not in the chain, unless it is all there is. */
function inChain({ modules }: CoreConfig): CoreConfig['modules'] {
  const chain = modules.filter(({ shadowOf }) => shadowOf === null);
  return chain.length === 0 ? modules : chain;
}
