/** How a client enters a run directory. It trusts the directory as little as possible. */

import { closeSync, lstatSync } from 'node:fs';
import { DirectoryError } from '../errors.js';
import { openRunDir } from '../own-files.js';

/** A run directory that is open, so that it cannot be exchanged for another one. */
export interface RunDirEntry {
  /** The path of something in it, as long as it is open. */
  at(name: string): string;
  /** @throws DirectoryError `RUN_DIR_UNUSABLE` for a file of a user who should not be able to write there */
  requireOwner(name: string, uid: number): void;
  close(): void;
}

/**
 * Enters a run directory, which has to be this user's or root's; root may enter any that only its owner can change.
 *
 * @returns `null`: there is none
 * @throws DirectoryError `RUN_DIR_UNUSABLE` for one that may not be entered, or that others could have prepared
 */
export function enterRunDir(runDir: string): RunDirEntry | null {
  const uid = process.geteuid?.() ?? 0;
  let fd: number;
  try {
    fd = openRunDir(runDir, uid === 0 ? null : [uid, 0], 'path');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return null;
    if (error instanceof DirectoryError) throw error;
    throw unreachable(runDir, code);
  }
  return {
    at: (name) => `/proc/self/fd/${fd}/${name}`,
    requireOwner: (name, owner) => {
      if (uid === 0 || owner === uid || owner === 0) return;
      const remedy = 'remove it, or check --run-dir';
      throw new DirectoryError('RUN_DIR_UNUSABLE', `${runDir}/${name} belongs to user ${owner}`, { remedy });
    },
    close: () => closeSync(fd),
  };
}

/** Whether something in a run directory is a socket of its owner's. @throws DirectoryError `RUN_DIR_UNUSABLE` */
export function requireSocket(entry: RunDirEntry, runDir: string, name: string): void {
  const info = lstatSync(entry.at(name), { throwIfNoEntry: false });
  if (!info) return;
  if (!info.isSocket()) {
    const remedy = 'remove it, or check --run-dir';
    throw new DirectoryError('RUN_DIR_UNUSABLE', `${runDir}/${name} is not a socket`, { remedy });
  }
  entry.requireOwner(name, info.uid);
}

/** What is thrown for a run directory that somebody else may use. */
export function unreachable(runDir: string, code: string | undefined): DirectoryError {
  const remedy = 'be the user who started the core, or check --run-dir';
  return new DirectoryError('RUN_DIR_UNUSABLE', `the core's socket in ${runDir} cannot be reached (${code})`, {
    remedy,
  });
}
