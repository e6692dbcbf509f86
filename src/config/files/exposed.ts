/** Finds secrets of a configuration in files that everybody on the machine can read. */

import { realpathSync, type Stats, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { quoteWord } from '../../sentence.js';
import type { ConfigTree, Pair } from '../parser.js';
import { CORE_KEYS, MODULE_KEYS } from '../schema.js';
import { showKey } from '../text.js';
import type { ConfigWarning } from '../types.js';
import { holdsSecret } from '../values/hide.js';
import type { SourceFile } from './read-tree.js';

const OTHERS_READ = 0o004;
const OTHERS_PASS = 0o001;

/** Warns of each such file once, at its first secret. */
export function findExposed(tree: ConfigTree, sources: readonly SourceFile[]): ConfigWarning[] {
  const stats = new Map(sources.map((source) => [source.file, source.stats]));
  const warnings = new Map<string, ConfigWarning>();
  for (const { pair, who, isOurs } of pairsOf(tree)) {
    const file = pair.valueFile?.path ?? pair.position.file;
    // Settings of ours with such names have paths.
    const name = isOurs ? '' : pair.key;
    if (warnings.has(file) || !holdsSecret(name, pair.valueFile?.value ?? pair.literal ?? pair.value)) continue;
    const mode = pair.valueFile?.stats ?? stats.get(file);
    if (mode === undefined || !canOthersRead(file, mode)) continue;
    warnings.set(file, { position: pair.position, message: `${who}${describe(pair, file, mode)}` });
  }
  return [...warnings.values()];
}

function describe({ key, valueFile }: Pair, file: string, { mode }: Stats): string {
  const shown = showKey(key);
  const where = valueFile ? `its file ${file}` : 'this file';
  const octal = `0${(mode & 0o777).toString(8)}`;
  const others = valueFile ? '' : `, or put the secret into a file of its own: ${shown} = @/path`;
  const remedy = `let only the user of the core read it, as with chmod 0600 ${quoteWord(file)}${others}`;
  return `${shown} has a secret, and every user of this machine can read ${where} (mode ${octal}); ${remedy}`;
}

function* pairsOf({ pairs, modules }: ConfigTree): Generator<{ pair: Pair; who: string; isOurs: boolean }> {
  for (const pair of pairs) yield { pair, who: '', isOurs: Object.hasOwn(CORE_KEYS, pair.key) };
  for (const { name, entries } of modules) {
    const who = `module ${name}: `;
    for (const entry of entries) {
      if (entry.kind === 'section') {
        const isOurs = entry.name === 'limits' || entry.name === 'sandbox';
        for (const pair of entry.pairs) yield { pair, who, isOurs };
      } else yield { pair: entry, who, isOurs: Object.hasOwn(MODULE_KEYS, entry.key) };
    }
  }
}

/** A file is out of reach too when one of the folders on its way is closed to others. */
function canOthersRead(file: string, stats: Stats): boolean {
  if (!stats.isFile() || (stats.mode & OTHERS_READ) === 0) return false;
  try {
    for (let folder = dirname(realpathSync(resolve(file))); ; folder = dirname(folder)) {
      if ((statSync(folder).mode & OTHERS_PASS) === 0) return false;
      if (folder === dirname(folder)) return true;
    }
  } catch {
    return true;
  }
}
