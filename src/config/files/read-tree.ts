/** Reads a configuration with all the files that it includes. */

import { readlinkSync, type Stats } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { ConfigError } from '../../errors.js';
import { type ConfigTree, INCLUDE, type Include, parseTree } from '../parser.js';
import { placeOf, showText } from '../text.js';
import type { ConfigWarning, Position } from '../types.js';
import { expandPair, type Variables } from '../values/expand.js';
import { decodeText } from './encoding.js';
import { LARGEST_CONFIG, type ReadOptions, readConfigText } from './read-file.js';
import { readRegularFile, UnreadableError } from './regular-file.js';
import { findFolder, findMatches, isPattern } from './wildcard.js';

/** Files that a configuration may consist of, and how deep one may include another. */
const MAX_FILES = 1000;
const MAX_DEPTH = 16;

/** One file that was read. */
export interface SourceFile {
  /** As positions have it. */
  file: string;
  stats: Stats;
  /** Where it is included; `null`: it is the configuration itself. */
  includedAt: Position | null;
}

/** A configuration as it is written, all files in one tree. */
export interface ReadTree {
  tree: ConfigTree;
  /** The configuration itself first. */
  files: SourceFile[];
  /** Includes that include nothing. */
  warnings: ConfigWarning[];
}

/**
 * Reads and parses a file, and puts what it includes in the places of the includes.
 *
 * @throws ConfigError `CONFIG_UNREADABLE`, `CONFIG_SYNTAX` or `CONFIG_VALUE`, at the first mistake in any of the files
 */
export function readTree(file: string, variables: Variables, options: ReadOptions): ReadTree {
  const { text, bytes, stats } = readConfigText(file, options);
  const reader = new TreeReader(variables, LARGEST_CONFIG - bytes);
  const source: SourceFile = { file, stats, includedAt: null };
  return { tree: reader.readText(text, source), files: reader.files, warnings: reader.warnings };
}

class TreeReader {
  /** In the order in which they were begun. */
  readonly files: SourceFile[] = [];
  readonly warnings: ConfigWarning[] = [];
  readonly #variables: Variables;
  readonly #known = new Map<string, SourceFile>();
  /** Those that are not read to their end, the configuration itself first. */
  readonly #chain: SourceFile[] = [];
  #bytesLeft: number;

  constructor(variables: Variables, bytesLeft: number) {
    this.#variables = variables;
    this.#bytesLeft = bytesLeft;
  }

  readText(text: string, source: SourceFile): ConfigTree {
    this.files.push(source);
    this.#known.set(identityOf(source.stats), source);
    this.#chain.push(source);
    const { pairs, modules, includes } = parseTree(text, source.file);
    if (source.includedAt && pairs.length + modules.length + includes.length === 0) {
      this.#warn(source.includedAt, `the included file ${source.file} has no setting in it; is it the right file?`);
    }
    const whole: ConfigTree = { pairs: [], modules: [] };
    let pairsDone = 0;
    let modulesDone = 0;
    for (const include of includes) {
      append(whole.pairs, pairs.slice(pairsDone, include.pairsBefore));
      append(whole.modules, modules.slice(modulesDone, include.modulesBefore));
      for (const tree of this.#include(include)) {
        append(whole.pairs, tree.pairs);
        append(whole.modules, tree.modules);
      }
      pairsDone = include.pairsBefore;
      modulesDone = include.modulesBefore;
    }
    append(whole.pairs, pairs.slice(pairsDone));
    append(whole.modules, modules.slice(modulesDone));
    this.#chain.pop();
    return whole;
  }

  #include({ pair }: Include): ConfigTree[] {
    const { value, position } = expandPair(pair, this.#variables, '', { isPath: true });
    if (value === '') {
      fail(
        'CONFIG_VALUE',
        `found nothing for ${INCLUDE}, expected the path of a file, such as conf.d/*.conf`,
        position,
      );
    }
    if (this.#chain.length > MAX_DEPTH) {
      fail('CONFIG_VALUE', `found files that include each other ${MAX_DEPTH} deep, expected fewer levels`, position);
    }
    const path = resolve(dirname(resolve(position.file)), value);
    return this.#find(path, position).map((file) => this.#read(file, position));
  }

  #find(path: string, position: Position): string[] {
    if (!isPattern(path)) return [path];
    try {
      const { files, skipped } = findMatches(path, MAX_FILES);
      for (const reason of skipped) this.#warn(position, `${INCLUDE}: left out, ${reason}`);
      if (files.length === 0) this.#warn(position, describeNothing(path));
      return files;
    } catch (error) {
      if (!(error instanceof UnreadableError)) throw error;
      const message = `${INCLUDE}: ${showText(path)} cannot be followed: ${error.message}`;
      throw new ConfigError('CONFIG_UNREADABLE', message, position, { cause: error });
    }
  }

  #warn(position: Position, message: string): void {
    this.warnings.push({ position, message });
  }

  #read(file: string, position: Position): ConfigTree {
    const { bytes, stats } = readIncluded(file, position, this.#bytesLeft);
    const source: SourceFile = { file, stats, includedAt: position };
    const earlier = this.#known.get(identityOf(stats));
    if (earlier && this.#chain.includes(earlier)) failCircle(this.#chain, source, earlier, position);
    if (earlier) failAgain(file, earlier, position);
    if (this.files.length >= MAX_FILES) {
      fail('CONFIG_VALUE', `found more than ${MAX_FILES} files in one configuration, expected fewer`, position);
    }
    this.#bytesLeft -= bytes.length;
    return this.readText(decodeText(bytes, file), source);
  }
}

function readIncluded(file: string, position: Position, maxBytes: number) {
  try {
    return readRegularFile(file, maxBytes);
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    const message = `the included file ${file} cannot be read: ${describe(error.message, file)}`;
    throw new ConfigError('CONFIG_UNREADABLE', message, position, { cause: error });
  }
}

/** A mistyped folder would take all its modules away without a word. */
function describeNothing(path: string): string {
  const { folder, exists } = findFolder(path);
  if (!exists) {
    return `${INCLUDE}: there is no folder ${folder}, so no file is included; correct the path, or make the folder`;
  }
  return `${INCLUDE}: no file fits ${showText(path)}, so none is included; correct the pattern, or remove this include${bracketHint(path)}`;
}

/** Shells know more patterns. */
function bracketHint(path: string): string {
  return /[[{]/.test(path) ? ' ("[" and "{" are ordinary characters here; only * and ? stand for others)' : '';
}

/** Where a symbolic link leads; `null`: it is none. */
function readLink(file: string): string | null {
  try {
    return readlinkSync(file);
  } catch {
    return null;
  }
}

function describe(reason: string, file: string): string {
  switch (reason) {
    case 'it is a folder':
      return `${reason}; to include the files in it, write FOLDER/*.conf`;
    case 'it does not exist': {
      const link = readLink(file);
      if (link === null) return `${reason}; write it, or remove this include${bracketHint(file)}`;
      return `it is a symbolic link to ${link}, which does not exist; correct or remove the link`;
    }
    case 'it is too large':
      return 'a configuration and all that it includes may have 16 MiB together; is it the right file?';
    default:
      return reason;
  }
}

function failCircle(chain: readonly SourceFile[], source: SourceFile, earlier: SourceFile, position: Position): never {
  const [first, ...others] = [...chain.slice(chain.indexOf(earlier)), source].map(({ file }) => file);
  const found = others.length === 1 ? 'a file that includes itself' : 'files that include each other';
  if (others[0] === first) fail('CONFIG_VALUE', `${first} includes itself; ${CIRCLE_REMEDY}`, position);
  const circle = `${first} includes ${others.join(', which includes ')}`;
  fail('CONFIG_VALUE', `found ${found}: ${circle}; ${CIRCLE_REMEDY}`, position);
}

const CIRCLE_REMEDY = 'remove the include, or let its pattern match fewer files';

function failAgain(file: string, { includedAt }: SourceFile, position: Position): never {
  const first = includedAt ? placeOf(includedAt) : 'the start';
  fail(
    'CONFIG_VALUE',
    `found ${file} a second time, expected each file once: it is included already at ${first}`,
    position,
  );
}

/** Pushes one by one: as arguments, a file's settings may be too many. */
function append<T>(list: T[], more: readonly T[]): void {
  for (const item of more) list.push(item);
}

function identityOf({ dev, ino }: Stats): string {
  return `${dev}:${ino}`;
}

function fail(code: 'CONFIG_VALUE' | 'CONFIG_UNREADABLE', message: string, position: Position): never {
  throw new ConfigError(code, message, position);
}
