/** What a client can learn from the lock file of a run directory, which the core holds as long as it lives. */

import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { DirectoryError } from '../errors.js';
import { type CoreKind, parseLock } from '../lock-file.js';
import { openFile, readText } from '../own-files.js';
import { readRunning } from '../proc.js';
import { enterRunDir, type RunDirEntry } from './entry.js';

/** How much of a lock is read. The needed lines come first; the longest one is a path. */
const MAX_LOCK_BYTES = 8192;

/** The state of a run directory's lock. */
export interface CoreLock {
  held: boolean;
  /** Who holds it; meaningful while the lock is held. */
  named: NamedCore;
}

/** The core that a lock file names, whether it holds the lock or not. */
export interface NamedCore {
  /** `null`: the file names none, or there is no file. */
  pid: number | null;
  kind: CoreKind;
  /** Tells it from another core of the same process; `null` as the pid. */
  runId: string | null;
}

const NOBODY: NamedCore = { pid: null, kind: 'daemon', runId: null };

/**
 * Looks at the lock of a run directory. A free lock is taken for an instant, since flock has no other way of asking.
 *
 * @throws DirectoryError `RUN_DIR_UNUSABLE` when the lock file exists and cannot be opened, or may be a stranger's.
 */
export async function readCoreLock(runDir: string): Promise<CoreLock> {
  // Most clients never ask, and Node needs a native addon to call flock.
  const { flockExclusive } = await import('../libc.js');
  const nobody: CoreLock = { held: false, named: NOBODY };
  return lookAtLock(runDir, nobody, (entry, file) => {
    if (file === null) return { held: isDirectoryHeld(entry.at('.'), flockExclusive), named: NOBODY };
    const held = !flockExclusive(file);
    return { held, named: readNamed(file) };
  });
}

/**
 * Who the lock file names, whether that core holds the lock or not.
 *
 * @throws DirectoryError as {@link readCoreLock}
 */
export function readNamedCore(runDir: string): NamedCore {
  return lookAtLock(runDir, NOBODY, (_, file) => (file === null ? NOBODY : readNamed(file)));
}

/**
 * Where the core that a lock file names has its state, whether it holds the lock or not.
 *
 * @returns `null`: the file does not say, or cannot be read
 */
export function readStateDir(runDir: string): string | null {
  try {
    return lookAtLock(runDir, null, (_, file) =>
      file === null ? null : parseLock(readText(file, MAX_LOCK_BYTES)).stateDir,
    );
  } catch {
    return null;
  }
}

/** @param look - gets the open lock file; `null`: there is none */
function lookAtLock<T>(runDir: string, nobody: T, look: (entry: RunDirEntry, file: number | null) => T): T {
  const entry = enterRunDir(runDir);
  if (entry === null) return nobody;
  let file: number | null = null;
  try {
    file = openLock(entry);
    return look(entry, file);
  } catch (error) {
    if (error instanceof DirectoryError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    const isRight = code === 'EACCES' || code === 'EPERM';
    const first = isRight ? 'be the user who started the core' : `remove ${runDir}/lock`;
    throw new DirectoryError('RUN_DIR_UNUSABLE', `the lock in ${runDir} cannot be read (${code})`, {
      remedy: `${first}, or check --run-dir`,
    });
  } finally {
    if (file !== null) closeSync(file);
    entry.close();
  }
}

/** @returns `null`: there is no lock file */
function openLock(entry: RunDirEntry): number | null {
  let fd: number;
  try {
    fd = openFile(entry.at('lock'), constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    entry.requireOwner('lock', fstatSync(fd).uid);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function readNamed(fd: number): NamedCore {
  const { pid, kind, runIds } = parseLock(readText(fd, MAX_LOCK_BYTES));
  return { pid, kind, runId: runIds[0] ?? null };
}

/** A core locks its directory too, and lives without its lock file until it has made that again. */
function isDirectoryHeld(path: string, flockExclusive: (fd: number) => boolean): boolean {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NONBLOCK);
  } catch {
    return false;
  }
  try {
    return !flockExclusive(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * Waits until a core has ended: its run directory is free, or another's, and its process is gone, unless that goes on.
 *
 * @param core what is `null` of it is not known
 * @returns `false` when `limitMs` passed first.
 */
export async function waitForCoreToEnd(runDir: string, core: NamedCore, limitMs: number): Promise<boolean> {
  const end = performance.now() + limitMs;
  const { pid, kind } = core;
  const isLeft = () => kind === 'daemon' && pid !== null && readRunning(pid) !== null;
  // The kernel announces a released flock to waiters only, and waiting would block the thread.
  while ((await isHeldBy(runDir, core)) || isLeft()) {
    if (performance.now() >= end) return false;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return true;
}

async function isHeldBy(runDir: string, { pid, runId }: NamedCore): Promise<boolean> {
  const { held, named } = await readCoreLock(runDir);
  const isSame = <T>(known: T | null, found: T | null) => known === null || found === null || known === found;
  return held && isSame(pid, named.pid) && isSame(runId, named.runId);
}
