/** Where the log files of a state directory are. */

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DirectoryError } from '../errors.js';

/** The log of the core: what the supervisor says, of itself and of every module. */
export function coreLogPath(stateDir: string): string {
  return join(stateDir, 'logs', 'core.log');
}

/** The log of one module: what it logged, what its process printed, and what the supervisor says of it. */
export function moduleLogPath(stateDir: string, module: string): string {
  return join(stateDir, 'logs', 'modules', `${module}.log`);
}

/**
 * The modules that have a log, by name; empty when there is no state directory.
 *
 * @throws DirectoryError `STATE_DIR_UNUSABLE` when their folder cannot be read.
 */
export function listLoggedModules(stateDir: string): string[] {
  const files = listFolder(join(stateDir, 'logs', 'modules'));
  const names = files.flatMap((file) => /^(.+?)\.log(?:\.\d+)?$/.exec(file)?.[1] ?? []);
  return [...new Set(names)].sort();
}

/**
 * The files of one log that exist by their numbering, newest first, as `core.log`, `core.log.1`.
 *
 * @throws DirectoryError `STATE_DIR_UNUSABLE` when their folder cannot be read.
 */
export function logSegments(path: string): string[] {
  const cut = path.lastIndexOf('/');
  const [folder, base] = [path.slice(0, cut) || '/', path.slice(cut + 1)];
  const numbered = listFolder(folder).flatMap((file) => {
    if (file === base) return [{ file, age: 0 }];
    const suffix = file.startsWith(`${base}.`) ? file.slice(base.length + 1) : '';
    return /^[1-9]\d*$/.test(suffix) ? [{ file, age: Number(suffix) }] : [];
  });
  return numbered.sort((a, b) => a.age - b.age).map(({ file }) => join(folder, file));
}

function listFolder(path: string): string[] {
  try {
    return readdirSync(path);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw unreadable(`the logs in ${path}`, cause);
  }
}

/** The error for a log that exists but cannot be read. */
export function unreadable(what: string, cause: unknown): DirectoryError {
  const { code } = cause as NodeJS.ErrnoException;
  const remedy = 'be the user who started the core, or check --run-dir and --state-dir';
  return new DirectoryError('STATE_DIR_UNUSABLE', `${what} cannot be read (${code})`, { remedy, cause });
}
