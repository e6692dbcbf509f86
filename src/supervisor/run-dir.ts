/** The run directory of one core: its lock, its sockets, and what a killed core left in it. */

import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { makeFolders } from '../directories.js';
import { DirectoryError } from '../errors.js';
import { flockExclusive } from '../libc.js';

/** What a socket path may have at most: `sun_path` less its NUL. */
const SOCKET_PATH_MAX_BYTES = 107;

/** A run directory that this process holds. */
export interface RunDir {
  path: string;
  /** Marks everything that this core starts. */
  runId: string;
  /** What was removed of a core that had been killed; empty after a clean end. */
  swept: { pid: number | null; files: string[] };
  /** Removes this core's sockets and gives the directory back. */
  release(): void;
}

/**
 * Takes a run directory: one core at a time, held by a lock that the kernel drops with its holder.
 *
 * @throws {DirectoryError} `RUN_DIR_BUSY`, `RUN_DIR_UNUSABLE`
 */
export function acquireRunDir(path: string): RunDir {
  makePrivate(path);
  const lockPath = join(path, 'lock');
  const fd = openLock(lockPath);
  if (!lockSoon(fd)) {
    closeSync(fd);
    const holder = readPid(lockPath);
    const who = holder === null ? 'another core' : `the core with pid ${holder}`;
    throw new DirectoryError(
      'RUN_DIR_BUSY',
      `${path} is held by ${who}; stop that one, or give this one another --run-dir`,
    );
  }
  let swept: RunDir['swept'];
  try {
    swept = { pid: readPid(lockPath), files: sweep(path) };
    ftruncateSync(fd, 0);
    writeSync(fd, `${process.pid}\n`, 0);
  } catch (cause) {
    closeSync(fd);
    throw unusable(path, cause);
  }
  return { path, runId: randomBytes(8).toString('hex'), swept, release: () => release(path, fd) };
}

/**
 * The path of a socket in the run directory.
 *
 * @throws {DirectoryError} `SOCKET_PATH_TOO_LONG`: the system would cut it short
 */
export function socketPath(runDir: string, name: string): string {
  const path = join(runDir, `${name}.sock`);
  const length = Buffer.byteLength(path);
  if (length > SOCKET_PATH_MAX_BYTES) {
    const limit = `${length} bytes, and a socket path may have ${SOCKET_PATH_MAX_BYTES}`;
    throw new DirectoryError('SOCKET_PATH_TOO_LONG', `${path} has ${limit}; give a shorter --run-dir`);
  }
  return path;
}

function makePrivate(path: string): void {
  try {
    makeFolders(path);
    const info = lstatSync(path);
    if (!info.isDirectory()) throw new DirectoryError('RUN_DIR_UNUSABLE', `${path} is not a directory`);
    if (info.uid !== process.getuid?.()) {
      const remedy = 'run as that user, or give another --run-dir';
      throw new DirectoryError('RUN_DIR_UNUSABLE', `${path} belongs to user ${info.uid}; ${remedy}`);
    }
    if ((info.mode & 0o022) !== 0) {
      const remedy = 'others could replace its sockets; chmod 0700 it';
      throw new DirectoryError('RUN_DIR_UNUSABLE', `${path} may be written by others; ${remedy}`);
    }
  } catch (cause) {
    if (cause instanceof DirectoryError) throw cause;
    throw unusable(path, cause);
  }
}

/** A command that looks whether a core runs holds the lock for an instant. */
function lockSoon(fd: number): boolean {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (let tries = 0; tries < 5; tries++) {
    if (flockExclusive(fd)) return true;
    Atomics.wait(pause, 0, 0, 10);
  }
  return false;
}

function openLock(path: string): number {
  try {
    return openSync(path, 'a+', 0o600);
  } catch (cause) {
    throw unusable(path, cause);
  }
}

function unusable(path: string, cause: unknown): DirectoryError {
  const why = (cause as NodeJS.ErrnoException).code ?? String(cause);
  return new DirectoryError('RUN_DIR_UNUSABLE', `${path} cannot be used (${why}); give another --run-dir`, { cause });
}

function readPid(lockPath: string): number | null {
  const pid = Number.parseInt(readFileSync(lockPath, 'utf8'), 10);
  return Number.isNaN(pid) ? null : pid;
}

/** The names of our sockets; the last is the control socket before it has its name. */
const OURS = /^(control\.sock|module-\w+\.sock|c\d+)$/;

/** A core that ended cleanly leaves neither socket nor pid. What is not ours is not touched: it may be anybody's. */
function sweep(path: string): string[] {
  const files = readdirSync(path).filter((name) => OURS.test(name) && lstatSync(join(path, name)).isSocket());
  for (const name of files) unlinkSync(join(path, name));
  return files;
}

function release(path: string, fd: number): void {
  try {
    // Where the directory was removed and made again, what stands there is another core's.
    if (statSync(join(path, 'lock')).ino === fstatSync(fd).ino) sweep(path);
    ftruncateSync(fd, 0);
  } catch {
    // Somebody removed the directory: then nothing of this core is left in it.
  } finally {
    closeSync(fd);
  }
}
