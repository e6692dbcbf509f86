/** From a file, or its text, to a configuration. */

import { ConfigError } from '../errors.js';
import { findSecretProblem } from '../secrets.js';
import { findGroupProblem } from './group-problem.js';
import { interpretTree } from './interpret.js';
import { parseTree } from './parser.js';
import { findProgramProblem } from './program.js';
import { type ReadOptions, readConfigText } from './read-file.js';
import { isFile } from './resolve.js';
import type { ConfigWarning, CoreConfig } from './types.js';

/**
 * Reads a configuration file, finds the files of its modules, and looks at the program, the group and the secret that it names.
 *
 * @throws ConfigError `CONFIG_UNREADABLE`, `CONFIG_SYNTAX` or `CONFIG_VALUE`. Modules whose file is missing are no
 * error here: theirs is the only start that fails.
 */
export function loadConfig(file: string, options: ReadOptions = {}): CoreConfig {
  const tree = parseTree(readConfigText(file, options), file);
  return interpretTree(tree, file, isFile, findProgramProblem, findGroupProblem, findSecretProblem);
}

/**
 * Makes a configuration of a file's text; pure but for `exists`, and without a look at the program, the group and the secret that it names.
 *
 * @param file - The path of the file, which positions carry and relative paths are relative to.
 * @param exists - Tells whether a path names a file; looks at the disk unless given.
 * @throws ConfigError `CONFIG_SYNTAX` or `CONFIG_VALUE`, at the first mistake.
 */
export function parseConfig(text: string, file: string, exists: (path: string) => boolean = isFile): CoreConfig {
  return interpretTree(parseTree(text, file), file, exists, noProblem, noProblem, noProblem);
}

function noProblem(): null {
  return null;
}

/** A warning in one line, with its place. */
export function describeWarning({ position: { file, line, column }, message }: ConfigWarning): string {
  return `${file}:${line}:${column}: ${message}`;
}

/** Makes the error of `--strict` of a configuration's warnings; `null` when it has none. */
export function strictError({ warnings, file }: CoreConfig): ConfigError | null {
  const [first, ...others] = warnings;
  if (!first) return null;
  const rest = others.map(({ message, position: { file, line, column } }) => `\n${file}:${line}:${column}: ${message}`);
  const place = first.position.line > 0 ? first.position : { file: file ?? first.position.file };
  return new ConfigError('CONFIG_VALUE', first.message + rest.join(''), place);
}
