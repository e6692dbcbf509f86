/** Finds out everything about a module file before it is loaded, for hosts and for the reference loader. */

import type { AbiName } from '../../config/types.js';
import { type Candidates, findCandidates } from './detect.js';
import type { ElfFacts } from './elf.js';
import { forewarn } from './forewarn.js';
import { findInit } from './init-symbol.js';

/** A module file, before it is loaded. */
export interface InspectedFile extends Omit<Candidates, 'doubts'> {
  path: string;
  /** Its init as the file exports it, for dlsym. */
  symbol: string;
  /** What it imports and cannot do without. */
  wanted: string[];
  /** What the operator should know although the module may run, a line each. */
  warnings: string[];
}

/**
 * Reads what a file says about itself.
 *
 * @param moduleName - the configured name
 * @param abi - the configured ABI; `null`: found out
 * @param shadowOf - the module that it shadows; `null`: it is no shadow
 * @throws {@link ModuleLoadError} for a file that cannot be that module
 */
export function inspect(
  facts: ElfFacts,
  moduleName: string,
  abi: AbiName | null,
  shadowOf: string | null = null,
): InspectedFile {
  const { symbol, warning } = findInit(facts, moduleName, shadowOf);
  const { doubts, ...found } = findCandidates(facts, abi);
  const warnings = [...(warning === null ? [] : [warning]), ...doubts, ...forewarn(facts)];
  const wanted = facts.imports.filter((name) => !facts.weakImports.includes(name));
  return { path: facts.path, symbol, ...found, wanted, warnings };
}
