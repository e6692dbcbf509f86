/** Pure: which ABIs a module file may have been built for, by its notes and its dynamic symbols. */

import type { AbiName } from '../../config/types.js';
import { ModuleLoadError } from '../../errors.js';
import type { ElfFacts } from './elf.js';
import type { AbiMark } from './elf-notes.js';

/** Only exports-2019 has this function. */
const ONLY_2019 = 'mesibo_http';
/** Only exports-2020 has these functions, and those for sockets, which have a prefix. */
const ONLY_2020 = ['mesibo_util_http', 'mesibo_util_fcgi', 'mesibo_util_usec', 'mesibo_vlog'];
const SOCKET_PREFIX = 'mesibo_util_socket_';
/** Functions that both have. The functions of table are not symbols. */
const SHARED = [
  'mesibo_log',
  'mesibo_message',
  'mesibo_util_getconfig',
  'mesibo_util_json_extract',
  'mesibo_util_create_thread',
];
const CHOOSE = 'define the same MESIBO_MODULE_ABI for all of them, as with cc -DMESIBO_MODULE_ABI=';

/** How an ABI was found before anything was tried. */
export type AbiSource = 'configuration' | 'note' | 'symbols';

/** The ABIs that a file may have been built for, the likeliest first, and how that was found. */
export interface Candidates {
  /** At least one. A single one is certain; between several a trial decides. */
  candidates: AbiName[];
  source: AbiSource;
  /** The same in words. */
  reason: string;
  /** It is the default of our header: no source has chosen it. */
  isDefault: boolean;
  /** What contradicts it, a line each. */
  doubts: string[];
}

/**
 * Tells which ABIs a file may have been built for: by the configuration, or else by the note of our header, or else by
 * the imports of the file.
 *
 * @param configured - the value of `abi`, which overrides everything
 * @throws {@link ModuleLoadError} `MODULE_ABI_MIXED`, `MODULE_ABI_UNKNOWN`
 */
export function findCandidates(facts: ElfFacts, configured: AbiName | null): Candidates {
  const { path, notes } = facts;
  const found = configured === null ? (byNotes(facts) ?? bySymbols(facts)) : byConfiguration(facts, configured);
  if (notes.damage === null || configured !== null) return found;
  const what = `the note that says its ABI is damaged: ${notes.damage}`;
  const doubt = `${path}: ${what}; build the module again, or set "abi" to the one that it was built for`;
  return { ...found, doubts: [doubt, ...found.doubts] };
}

function byConfiguration(facts: ElfFacts, abi: AbiName): Candidates {
  const others = [...new Set(facts.notes.marks.map(nameOf))].filter((name) => name !== abi);
  const contradiction =
    others.length > 0 ? `the note in the file says ${others.join(' and ')}` : contradict(facts, abi);
  const doubt = `${facts.path}: "abi = ${abi}" is set, but ${contradiction}; remove "abi", unless you are sure of it`;
  return {
    candidates: [abi],
    source: 'configuration',
    reason: 'set by "abi" in the configuration',
    isDefault: false,
    doubts: contradiction === null ? [] : [doubt],
  };
}

/** What the header wrote into the file; `null`: nothing. */
function byNotes(facts: ElfFacts): Candidates | null {
  const { path, notes } = facts;
  const [mark] = notes.marks;
  if (mark === undefined) return null;
  if (notes.marks.some(({ number }) => number !== mark.number)) throw mixed(facts);
  const { abi } = mark;
  if (abi === null) {
    const what = `it was built for the ABI ${mark.number}, which this version does not know (its header has the version ${mark.version})`;
    const remedy = 'install a later version of mesibo-modules, or build the module with the header of this one';
    throw new ModuleLoadError('MODULE_ABI_UNKNOWN', `${path}: ${what}; ${remedy}`);
  }
  const contradiction = contradict(facts, abi);
  const remedy = 'build all of it with one MESIBO_MODULE_ABI';
  const isDefault = !notes.marks.some(({ isChosen }) => isChosen);
  return {
    candidates: [abi],
    source: 'note',
    reason: `the note in the file says so${isDefault ? '; its sources choose none, and this is the default' : ''}`,
    isDefault,
    doubts:
      contradiction === null ? [] : [`${path}: the note in the file says ${abi}, but ${contradiction}; ${remedy}`],
  };
}

function mixed({ path, notes: { marks } }: ElfFacts): ModuleLoadError {
  const told = marks.map((mark) => `${nameOf(mark)}${mark.isChosen ? '' : ' (the default of the header)'}`);
  const chosen = marks.find(({ isChosen }) => isChosen) ?? marks[0];
  const macro = `MESIBO_ABI_${chosen ? nameOf(chosen).toUpperCase().replace('-', '_') : ''}`;
  const what = `its sources were built for different ABIs: ${[...new Set(told)].join(' and ')}`;
  return new ModuleLoadError('MODULE_ABI_MIXED', `${path}: ${what}; ${CHOOSE}${macro}, and build them all again`);
}

function bySymbols(facts: ElfFacts): Candidates {
  const imports = facts.imports.filter((name) => name.startsWith('mesibo_'));
  const found = (candidates: AbiName[], reason: string): Candidates => {
    return { candidates, source: 'symbols', reason, isDefault: false, doubts: [] };
  };
  if (imports.includes(ONLY_2019)) return found(['exports-2019'], `it imports ${ONLY_2019}`);
  const telling = imports.find(isOnly2020);
  if (telling !== undefined) return found(['exports-2020'], `it imports ${telling}`);
  const shared = imports[0];
  if (shared === undefined) {
    return found(['table', 'exports-2020', 'exports-2019'], 'it imports no mesibo_* function');
  }
  return found(['exports-2020', 'exports-2019'], `it imports ${shared}, which both have`);
}

/** Says which import the ABI does not have; `null`: it has all known ones. */
function contradict({ imports }: ElfFacts, abi: AbiName): string | null {
  const of2019 = abi === 'exports-2019' ? undefined : imports.find((name) => name === ONLY_2019);
  if (of2019 !== undefined) return `it imports ${of2019}, which only exports-2019 has`;
  const of2020 = abi === 'exports-2020' ? undefined : imports.find(isOnly2020);
  if (of2020 !== undefined) return `it imports ${of2020}, which only exports-2020 has`;
  const shared = abi === 'table' ? imports.find((name) => SHARED.includes(name)) : undefined;
  return shared === undefined ? null : `it imports ${shared}, which table does not have`;
}

function isOnly2020(name: string): boolean {
  return ONLY_2020.includes(name) || name.startsWith(SOCKET_PREFIX);
}

function nameOf({ abi, number }: AbiMark): string {
  return abi ?? `the unknown ${number}`;
}
