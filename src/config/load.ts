/** From a file, or its text, to a configuration. */

import { ConfigError } from '../errors.js';
import { findSecretProblem } from '../secrets.js';
import { findExposed } from './files/exposed.js';
import type { ReadOptions } from './files/read-file.js';
import { readTree } from './files/read-tree.js';
import { UnreadableError } from './files/regular-file.js';
import { findWritable } from './files/writable.js';
import { findGroupProblem } from './group-problem.js';
import { interpretTree } from './interpret.js';
import { INCLUDE, parseTree } from './parser.js';
import { findProgramProblem } from './program.js';
import { isFile } from './resolve.js';
import { placeOf } from './text.js';
import type { ConfigWarning, CoreConfig } from './types.js';
import { fillIn, type ValueSources } from './values/fill-in.js';
import { readValueFile } from './values/value-file.js';

/**
 * Reads a configuration file and what it includes, puts in variables of this process and the files of values, finds the files of
 * its modules, and looks at the program, the group and the secret that it names.
 *
 * @throws ConfigError `CONFIG_UNREADABLE`, `CONFIG_SYNTAX` or `CONFIG_VALUE`. A module whose file is missing is not an
 * error here: only the start of that module fails.
 */
export function loadConfig(file: string, options: ReadOptions = {}): CoreConfig {
  const variables = process.env;
  const { tree, files, warnings } = readTree(file, variables, options);
  const filled = fillIn(tree, { variables, readFile: readValueFile });
  const config = interpretTree(filled, file, isFile, findProgramProblem, findGroupProblem, findSecretProblem);
  warnings.push(...config.warnings, ...findExposed(filled, files));
  const onEvent = filled.pairs.findLast(({ key }) => key === 'on_event')?.position;
  warnings.push(...findWritable(config, onEvent));
  if (config.modules.length === 0) warnings.push({ position: { file, line: 0, column: 0 }, message: NO_MODULES });
  return { ...config, warnings };
}

const NO_MODULES = 'no module is configured';

/**
 * Makes a configuration of a file's text. It is pure except for `exists`, and does not look at the program, the group and the
 * secrets that the text names. It reads no other file: a text with `include` or with the file of a value is refused.
 *
 * @param file - The path of the file, which positions carry and relative paths are relative to.
 * @param exists - Tells whether a path names a file; looks at the disk unless given.
 * @param variables - What `${NAME}` stands for; the environment of this process unless given.
 * @throws ConfigError `CONFIG_SYNTAX` or `CONFIG_VALUE`, at the first mistake.
 */
export function parseConfig(
  text: string,
  file: string,
  exists: (path: string) => boolean = isFile,
  variables: ValueSources['variables'] = process.env,
): CoreConfig {
  const tree = parseTree(text, file);
  const [include] = tree.includes;
  if (include) {
    const message = `found ${INCLUDE} in a text, which cannot include files; write it to a file, and let loadConfig read that`;
    throw new ConfigError('CONFIG_VALUE', message, include.pair.position);
  }
  const filled = fillIn(tree, { variables, readFile: refuseFile });
  return interpretTree(filled, file, exists, noProblem, noProblem, noProblem);
}

function refuseFile(): never {
  throw new UnreadableError('a text cannot have the file of a value; let loadConfig read a file');
}

function noProblem(): null {
  return null;
}

/** A warning in one line, with its place. */
export function describeWarning({ position, message }: ConfigWarning): string {
  return `${position.line > 0 ? placeOf(position) : position.file}: ${message}`;
}

/** Makes the error of `--strict` of a configuration's warnings; `null` when it has none. */
export function strictError({ warnings, file }: CoreConfig): ConfigError | null {
  const [first, ...others] = warnings;
  if (!first) return null;
  const rest = others.map((warning) => `\n${describeWarning(warning)}`);
  const place = first.position.line > 0 ? first.position : { file: file ?? first.position.file };
  return new ConfigError('CONFIG_VALUE', first.message + rest.join(''), place);
}
