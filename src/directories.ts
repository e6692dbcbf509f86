/** Where a core keeps what it needs while it runs, and what outlives it. */

import { mkdirSync, statfsSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { DirectoryError } from './errors.js';

/** What the choice of directories depends on. */
export interface DirectorySources {
  /** The value of `--run-dir`. */
  runDir?: string | undefined;
  /** The value of `--state-dir`. */
  stateDir?: string | undefined;
  env: Readonly<Record<string, string | undefined>>;
  uid: number;
  /** The user's home directory; `null`: there is none. */
  home: string | null;
  /** The temporary directory of the system. */
  tmp: string;
}

/** The two directories of a core, both absolute. */
export interface Directories {
  /** Lock, sockets: gone with the core. */
  runDir: string;
  /** Logs: kept. */
  stateDir: string;
}

const NAME = 'mesibo-modules';
const TMPFS_MAGIC = 0x01021994;
const RAMFS_MAGIC = 0x858458f6;

/**
 * Chooses the run and the state directory: the flag, else the environment, else the place that suits the user. With a
 * run directory given and no state directory, or no home, the state is kept inside the run directory.
 */
export function resolveDirectories(sources: DirectorySources): Directories {
  const givenRunDir = sources.runDir || sources.env.MESIBO_RUN_DIR;
  const givenStateDir = sources.stateDir || sources.env.MESIBO_STATE_DIR;
  const runDir = givenRunDir ? resolve(givenRunDir) : defaultRunDir(sources);
  if (givenStateDir) return { runDir, stateDir: resolve(givenStateDir) };
  const own = givenRunDir ? null : defaultStateDir(sources);
  return { runDir, stateDir: own ?? join(runDir, 'state') };
}

function defaultRunDir({ env, uid, tmp }: DirectorySources): string {
  if (uid === 0) return join('/run', NAME);
  const runtime = absolute(env.XDG_RUNTIME_DIR);
  return runtime ? join(runtime, NAME) : join(tmp, `${NAME}-${uid}`);
}

function defaultStateDir({ env, uid, home }: DirectorySources): string | null {
  if (uid === 0) return join('/var/lib', NAME);
  const states = absolute(env.XDG_STATE_HOME) ?? (absolute(home ?? undefined) && join(home as string, '.local/state'));
  return states ? join(states, NAME) : null;
}

/** By the XDG specification, relative paths are ignored. */
function absolute(path: string | undefined): string | undefined {
  return path && isAbsolute(path) ? path : undefined;
}

/**
 * Makes the folders of the state directory, readable by their owner only.
 *
 * @throws DirectoryError `STATE_DIR_UNUSABLE`.
 */
export function makeStateDir(stateDir: string): void {
  try {
    makeFolders(join(stateDir, 'logs', 'modules'));
  } catch (cause) {
    throw new DirectoryError(
      'STATE_DIR_UNUSABLE',
      `the state directory ${stateDir} cannot be made (${(cause as Error).message})`,
      { remedy: 'choose another with --state-dir', cause },
    );
  }
}

/**
 * Makes a folder of the user's own, and those above it that are missing. Node's recursive mkdir never returns where a
 * folder takes no entries, as /proc.
 *
 * @throws the error of the system.
 */
export function makeFolders(path: string, parentsMade = false): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && statSync(path).isDirectory()) return;
    if (code !== 'ENOENT' || parentsMade || dirname(path) === path) throw error;
    makeFolders(dirname(path));
    makeFolders(path, true);
  }
}

/** Tells whether a directory lives in memory; `false` also when that cannot be found out. */
export function isInMemory(directory: string): boolean {
  try {
    const { type } = statfsSync(directory);
    return type === TMPFS_MAGIC || type === RAMFS_MAGIC;
  } catch {
    return false;
  }
}
