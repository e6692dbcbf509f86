/** The lock of a state directory: two cores that write the same files would lose what the other wrote. */

import { join } from 'node:path';
import { makeFolders } from '../../directories.js';
import { DirectoryError } from '../../errors.js';
import { HeldLock, readLockText, START_MS } from '../../held-lock.js';
import type { Kept } from './run-dir-guard.js';

/** A state directory that this process holds. */
export interface StateDir extends Kept {
  /** Why it could not be locked; `null`: it is. */
  problem: string | null;
  release(): void;
}

/**
 * Takes a state directory, for one core at a time.
 *
 * @param runDir - is told to whoever comes second
 * @throws DirectoryError `STATE_DIR_BUSY`; `STATE_DIR_UNUSABLE` for one that is not there and cannot be made
 */
export function acquireStateDir(path: string, runDir: string): StateDir {
  try {
    makeFolders(path);
  } catch (cause) {
    const what = `the state directory ${path} cannot be made (${(cause as Error).message})`;
    throw new DirectoryError('STATE_DIR_UNUSABLE', what, { remedy: 'choose another with --state-dir', cause });
  }
  const file = join(path, 'lock');
  let lock: HeldLock | null;
  try {
    lock = HeldLock.take(file, START_MS);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const remedy = 'let no other core use it, or make that file writable and restart the core';
    return notLocked(
      file,
      `the state directory ${path} is not locked, because ${file} cannot be opened (${code}): ${remedy}`,
    );
  }
  if (lock === null) throw busy(path, file);
  const text = `${process.pid}\n${runDir}\n`;
  write(lock, text);
  return new HeldStateDir(path, file, lock, text);
}

class HeldStateDir implements StateDir {
  readonly path: string;
  readonly problem = null;
  readonly #directory: string;
  readonly #lock: HeldLock;
  readonly #text: string;

  constructor(directory: string, file: string, lock: HeldLock, text: string) {
    this.#directory = directory;
    this.path = file;
    this.#lock = lock;
    this.#text = text;
  }

  isThere(): boolean {
    return this.#lock.isThere();
  }

  restore(): void {
    try {
      makeFolders(this.#directory);
      if (!this.#lock.retake()) throw busy(this.#directory, this.path);
    } catch (error) {
      if (error instanceof DirectoryError) throw error;
      const { code } = error as NodeJS.ErrnoException;
      throw new DirectoryError('STATE_DIR_UNUSABLE', `${this.path} cannot be made (${code})`, {
        remedy: 'remove what is there',
      });
    }
    write(this.#lock, this.#text);
  }

  release(): void {
    if (this.isThere()) write(this.#lock, '');
    this.#lock.release();
  }
}

function notLocked(path: string, problem: string): StateDir {
  return { path, problem, isThere: () => true, restore: () => undefined, release: () => undefined };
}

/** The text only names the holder; a full disk takes none. */
function write(lock: HeldLock, text: string): void {
  try {
    lock.write(text);
  } catch {
    return;
  }
}

function busy(path: string, file: string): DirectoryError {
  const [pid = '', runDir = ''] = readLockText(file).split('\n');
  const who = /^\d+$/.test(pid) ? `the core with pid ${pid}, which serves ${runDir}` : 'another core';
  const remedy = 'stop that one, or give this one another --state-dir';
  return new DirectoryError('STATE_DIR_BUSY', `the state directory ${path} is held by ${who}`, { remedy });
}
