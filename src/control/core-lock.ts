/** What a client can learn from the lock file of a run directory, which the core holds as long as it lives. */

import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DirectoryError } from '../errors.js';
import { flockExclusive } from '../libc.js';
import { parseLock } from '../lock-file.js';
import { readRunning } from '../proc.js';

/** The state of a run directory's lock. */
export interface CoreLock {
  held: boolean;
  /** The process named in the file; meaningful while the lock is held. `null` when the file names none. */
  pid: number | null;
}

/**
 * Looks at the lock of a run directory. A free lock is taken for an instant, since flock has no other way of asking.
 *
 * @throws DirectoryError `RUN_DIR_UNUSABLE` when the lock file exists and cannot be opened.
 */
export function readCoreLock(runDir: string): CoreLock {
  const file = join(runDir, 'lock');
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return { held: false, pid: null };
    const remedy = 'be the user who started the core, or check --run-dir';
    throw new DirectoryError('RUN_DIR_UNUSABLE', `the lock in ${runDir} cannot be read (${code}); ${remedy}`);
  }
  try {
    const held = !flockExclusive(fd);
    return { held, pid: parseLock(readFileSync(file, 'latin1')).pid };
  } finally {
    closeSync(fd);
  }
}

/**
 * Waits until a core has ended: its run directory is free, or another's, and its process is gone.
 *
 * @param pid `null`: not known
 * @returns `false` when `limitMs` passed first.
 */
export async function waitForCoreToEnd(runDir: string, pid: number | null, limitMs: number): Promise<boolean> {
  const end = performance.now() + limitMs;
  // The kernel announces a released flock to waiters only, and waiting would block the thread.
  while (isHeldBy(runDir, pid) || (pid !== null && readRunning(pid) !== null)) {
    if (performance.now() >= end) return false;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return true;
}

function isHeldBy(runDir: string, pid: number | null): boolean {
  const lock = readCoreLock(runDir);
  return lock.held && (pid === null || lock.pid === null || lock.pid === pid);
}
