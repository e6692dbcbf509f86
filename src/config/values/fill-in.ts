/** Makes the values of a configuration of what is written: variables and files of values. */

import { ConfigError } from '../../errors.js';
import { UnreadableError } from '../files/regular-file.js';
import type { ConfigTree, ModuleBlock, Pair, Section } from '../parser.js';
import { showKey, showText } from '../text.js';
import type { ValueFile } from '../types.js';
import { expandPair, type Variables } from './expand.js';
import { isFileReference, pathOfReference } from './value-file.js';

/** What values may need from outside. */
export interface ValueSources {
  variables: Variables;
  /** Reads the file of a value; throws `UnreadableError`. */
  readFile: (path: string) => ValueFile;
}

/** Settings of ours that want the path of such a file, not what is in it. */
const OF_PATHS = new Set(['http_token', 'webhook_secret']);

/** @throws ConfigError `CONFIG_VALUE` or `CONFIG_UNREADABLE`, at the first value that cannot be made */
export function fillIn({ pairs, modules }: ConfigTree, sources: ValueSources): ConfigTree {
  return {
    pairs: pairs.map((pair) => fillPair(pair, '', sources)),
    modules: modules.map((block) => fillModule(block, sources)),
  };
}

function fillModule(block: ModuleBlock, sources: ValueSources): ModuleBlock {
  const who = `module ${showKey(block.name)}: `;
  const fillEntry = (entry: Pair | Section): Pair | Section => {
    if (entry.kind === 'pair') return fillPair(entry, who, sources);
    return { ...entry, pairs: entry.pairs.map((pair) => fillPair(pair, who, sources)) };
  };
  return { ...block, entries: block.entries.map(fillEntry) };
}

function fillPair(pair: Pair, who: string, { variables, readFile }: ValueSources): Pair {
  const isPath = isFileReference(pair);
  const expanded = expandPair(pair, variables, who, { isPath });
  if (!isPath) return expanded;
  const { key, position } = pair;
  const path = pathOfReference(expanded);
  if (path === null) {
    const message = `${who}found @\${...} for ${showKey(key)}, expected @ and a path that begins with "/" or "./"`;
    throw new ConfigError('CONFIG_VALUE', `${message} (write the value in quotes if it is no path)`, position);
  }
  if (who === '' && OF_PATHS.has(key)) {
    const message = `found ${showText(pair.value)} for ${key}, expected the path of the file, without the @`;
    throw new ConfigError('CONFIG_VALUE', message, position);
  }
  try {
    const valueFile = readFile(path);
    return { ...pair, value: valueFile.value, literal: '', isHidden: true, valueFile };
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    const message = `${who}the file ${path} of ${showKey(key)} cannot be read: ${describe(error.message)}`;
    throw new ConfigError('CONFIG_UNREADABLE', message, position, { cause: error });
  }
}

function describe(reason: string): string {
  switch (reason) {
    case 'it does not exist':
      return `${reason}; write it, or write the value in quotes if it is no path`;
    case 'it is too large':
      return 'it has more than 1 MiB; is it the right file?';
    default:
      return reason;
  }
}
