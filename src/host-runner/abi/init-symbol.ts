/** Pure: which of the functions of a file is the init of its module, and what the module is called. */

import { ModuleLoadError } from '../../errors.js';
import { listSome } from '../../list-some.js';
import type { ElfFacts } from './elf.js';

const INIT = /^mesibo_module_(.+)_init$/;
/** Names that an error lists, at most. */
const MAX_LISTED = 5;
const DEFINE = 'define that function with MESIBO_EXPORT and build the module again';

/** The init function of a file. */
export interface InitSymbol {
  /** As the file exports it, for dlsym. */
  symbol: string;
  /** What the operator should know and do; `null` when nothing. */
  warning: string | null;
}

interface Init {
  symbol: string;
  /** Of the module. */
  name: string;
  isMangled: boolean;
}

/**
 * Finds `mesibo_module_<name>_init`. Failing that, finds the one that a C++ compiler mangled, or the only init of another name.
 *
 * @param moduleName - the configured name
 * @param shadowOf - the module that this one shadows: its init may have that name as well. `null`: it is no shadow
 * @throws {@link ModuleLoadError} `MODULE_NO_INIT`
 */
export function findInit(facts: ElfFacts, moduleName: string, shadowOf: string | null = null): InitSymbol {
  const inits = initsOf(facts);
  const own = inits.filter(({ name }) => name === moduleName);
  const named = own.length > 0 ? own : inits.filter(({ name }) => name === shadowOf);
  const wanted = `mesibo_module_${named[0]?.name ?? moduleName}_init`;
  const names = new Set(inits.map(({ name }) => name));
  const init = prefer(named) ?? (names.size === 1 ? prefer(inits) : undefined);
  if (init === undefined) {
    throw new ModuleLoadError('MODULE_NO_INIT', `${facts.path}: ${describeMissing(facts, wanted, inits)}`);
  }
  return { symbol: init.symbol, warning: describeInit(facts.path, init, wanted) };
}

/**
 * Finds the one name that a file has an init for.
 *
 * @throws {@link ModuleLoadError} `MODULE_NO_INIT` when there is none, or several
 */
export function nameOf(facts: ElfFacts): string {
  const names = [...new Set(initsOf(facts).map(({ name }) => name))];
  const [name, another] = names;
  if (name !== undefined && another === undefined) return name;
  const what =
    name === undefined
      ? describeMissing(facts, 'mesibo_module_<name>_init', [])
      : `it exports the init of several modules (${listSome(names, MAX_LISTED)}); name one of them, with --name or in a configuration`;
  throw new ModuleLoadError('MODULE_NO_INIT', `${facts.path}: ${what}`);
}

function initsOf({ exports }: ElfFacts): Init[] {
  return exports.flatMap((symbol) => {
    const plain = unmangle(symbol);
    const name = INIT.exec(plain)?.[1];
    return name === undefined ? [] : [{ symbol, name, isMangled: plain !== symbol }];
  });
}

/** Under its plain name, if it has one. */
function prefer(inits: readonly Init[]): Init | undefined {
  return inits.find(({ isMangled }) => !isMangled) ?? inits[0];
}

/**
 * The name of a function as its source has it, without its namespaces. Anything but a plain function stays as it is.
 *
 * @see the Itanium C++ ABI, "Mangling": each part is its length and its text
 */
function unmangle(symbol: string): string {
  const start = /^_Z(N?)/.exec(symbol);
  if (start === null) return symbol;
  let at = start[0].length;
  let name = symbol;
  for (let digits = digitsAt(symbol, at); digits !== ''; digits = digitsAt(symbol, at)) {
    const end = at + digits.length + Number(digits);
    if (end > symbol.length) return symbol;
    name = symbol.slice(at + digits.length, end);
    at = end;
    if (start[1] === '') break;
  }
  return name;
}

function digitsAt(symbol: string, at: number): string {
  return /^\d{1,5}/.exec(symbol.slice(at, at + 5))?.[0] ?? '';
}

function describeInit(path: string, { symbol, name, isMangled }: Init, wanted: string): string | null {
  const plain = `mesibo_module_${name}_init`;
  const isOther = plain !== wanted;
  if (!isOther && !isMangled) return null;
  const what = isMangled ? `${plain} under its C++ name ${symbol}` : symbol;
  const remedies = [
    ...(isOther ? [`call the module "${name}" in the configuration, or rename the function`] : []),
    ...(isMangled ? ['declare it with MESIBO_EXPORT, or extern "C"'] : []),
  ];
  return `${path}: it exports ${what} ${isOther ? `instead of ${wanted}` : 'only'}, which is used; ${remedies.join('; ')}`;
}

function describeMissing(facts: ElfFacts, wanted: string, inits: readonly Init[]): string {
  if (inits.length > 0) {
    const symbols = inits.map(({ symbol }) => symbol);
    return `it exports no ${wanted}, but ${listSome(symbols, MAX_LISTED)}; call the module by one of these names in the configuration`;
  }
  const similar = facts.exports.filter((name) => /mesibo_?module|_init(?![a-z])/i.test(name) && !/^_init$/.test(name));
  const found = similar.length > 0 ? `, but ${listSome(similar, MAX_LISTED)}` : '';
  return `it exports no ${wanted}${found}; ${DEFINE}`;
}
