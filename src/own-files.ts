/** Opens files in our directories. No opening blocks, and the opened file is the one that was checked. */

import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { DirectoryError } from './errors.js';

/** A descriptor for the path alone, which needs no right to read (open(2)); Node has no name for it. */
const O_PATH = 0o10000000;

/** The code of a {@link NotAFileError}, in words, where other errors have the name of theirs. */
export const NOT_A_FILE = 'it is not a regular file';

/** What was opened is a pipe, a device or the like. */
export class NotAFileError extends Error {
  readonly code = NOT_A_FILE;

  constructor(path: string) {
    super(`${path} is not a regular file`);
  }
}

/**
 * Opens a regular file.
 *
 * @param flags - as of open(2)
 * @throws NotAFileError for anything else; the error of the system
 */
export function openFile(path: string, flags: number, mode?: number): number {
  const fd = openSync(path, flags | constants.O_NONBLOCK, mode);
  if (fstatSync(fd).isFile()) return fd;
  closeSync(fd);
  throw new NotAFileError(path);
}

/** The beginning of a file, as text of one byte a character. */
export function readBeginning(fd: number, limitBytes: number): string {
  const bytes = Buffer.alloc(limitBytes);
  return bytes.toString('latin1', 0, readSync(fd, bytes, 0, limitBytes, 0));
}

/** The same of a text in UTF-8, whose last character may be cut. */
export function readText(fd: number, limitBytes: number): string {
  return Buffer.from(readBeginning(fd, limitBytes), 'latin1').toString();
}

/**
 * Does something with what is at a path now, even if somebody replaces it meanwhile. A link is not followed.
 *
 * @param use - gets a path that leads to it and to nothing else until this returns
 * @throws the error of the system
 */
export function withItself<T>(path: string, use: (itself: string, info: Stats) => T): T {
  const fd = openSync(path, O_PATH | constants.O_NOFOLLOW);
  try {
    return use(`/proc/self/fd/${fd}`, fstatSync(fd));
  } finally {
    closeSync(fd);
  }
}

/**
 * Opens a run directory that nobody but its owner and root can change.
 *
 * @param owners - who may own it; `null`: anybody, which is for root alone
 * @param how `path`: only what is in it is used
 * @throws DirectoryError `RUN_DIR_UNUSABLE`; the error of the system
 */
export function openRunDir(path: string, owners: readonly number[] | null, how: 'path' | 'read'): number {
  const fd = openLast(path, how === 'path' ? O_PATH : constants.O_RDONLY);
  try {
    requireSafe(path, fstatSync(fd), owners);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function openLast(path: string, flags: number): number {
  try {
    return openSync(path, flags | constants.O_DIRECTORY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== 'ENOTDIR' && code !== 'ELOOP') throw cause;
    const remedy = 'give another --run-dir';
    throw new DirectoryError('RUN_DIR_UNUSABLE', `the run directory ${path} is not a directory`, { remedy });
  }
}

function requireSafe(path: string, { uid, mode }: Stats, owners: readonly number[] | null): void {
  if (owners !== null && !owners.includes(uid)) {
    const remedy = 'run as that user, or give another --run-dir';
    throw new DirectoryError('RUN_DIR_UNUSABLE', `${path} belongs to user ${uid}`, { remedy });
  }
  if ((mode & 0o022) !== 0) {
    const remedy = 'others could replace its sockets; chmod 0700 it';
    throw new DirectoryError('RUN_DIR_UNUSABLE', `${path} may be written by others`, { remedy });
  }
}
