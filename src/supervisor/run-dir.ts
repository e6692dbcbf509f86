/** The run directory of one core: its lock, its sockets, and what a killed core left in it. */

import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
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
import { formatLock, parseLock } from '../lock-file.js';

/** What a socket path may have at most: `sun_path` less its NUL. */
const SOCKET_PATH_MAX_BYTES = 107;

/** What is known of cores that held a run directory before, and were killed. */
export interface Leftovers {
  /** The last one; `null` when it ended cleanly, or did not say. */
  pid: number | null;
  /** Its sockets, which are removed already. */
  files: string[];
  /** Marks of processes and black boxes that it may have left; they are kept until somebody has dealt with them. */
  runIds: string[];
}

/** A run directory that this process holds. */
export interface RunDir {
  path: string;
  /** Marks everything that this core starts. */
  runId: string;
  /** What a killed core left; empty after a clean end. */
  left: Leftovers;
  /** The processes and black boxes of killed cores are dealt with: their run ids need not be kept any longer. */
  forgetLeft(): void;
  /** Removes this core's sockets and gives the directory back. */
  release(): void;
}

/**
 * Takes a run directory: one core at a time, held by a lock that the kernel drops with its holder.
 *
 * @throws {DirectoryError} `RUN_DIR_BUSY`, `RUN_DIR_UNUSABLE`
 */
export function acquireRunDir(path: string): RunDir {
  makeRunDir(path);
  const lockPath = join(path, 'lock');
  const fd = openLock(lockPath);
  if (!lockSoon(fd)) {
    closeSync(fd);
    const { pid } = parseLock(readFileSync(lockPath, 'latin1'));
    const who = pid === null ? 'another core' : `the core with pid ${pid}`;
    throw new DirectoryError(
      'RUN_DIR_BUSY',
      `${path} is held by ${who}; stop that one, or give this one another --run-dir`,
    );
  }
  try {
    return new HeldRunDir(path, fd);
  } catch (cause) {
    closeSync(fd);
    throw unusable(path, cause);
  }
}

class HeldRunDir implements RunDir {
  readonly path: string;
  readonly runId = randomBytes(8).toString('hex');
  readonly left: Leftovers;
  readonly #fd: number;
  #unsettled: string[];
  #released = false;

  constructor(path: string, fd: number) {
    this.path = path;
    this.#fd = fd;
    const { pid, runIds } = parseLock(readFileSync(join(path, 'lock'), 'latin1'));
    this.left = { pid, runIds, files: sweep(path) };
    this.#unsettled = runIds;
    writeLock(fd, formatLock(process.pid, [this.runId, ...runIds]));
  }

  forgetLeft(): void {
    if (this.#released) return;
    this.#unsettled = [];
    writeLock(this.#fd, formatLock(process.pid, [this.runId]));
  }

  release(): void {
    this.#released = true;
    try {
      // Where the directory was removed and made again, what stands there is another core's.
      if (statSync(join(this.path, 'lock')).ino === fstatSync(this.#fd).ino) sweep(this.path);
      // A start that failed before it came to the leftovers passes them on as it found them.
      const { pid } = this.left;
      writeLock(this.#fd, this.#unsettled.length === 0 ? '' : formatLock(pid ?? process.pid, this.#unsettled));
    } catch {
      // Somebody removed the directory: then nothing of this core is left in it.
    } finally {
      closeSync(this.#fd);
    }
  }
}

/** Never cut first: a core that is killed between the two must not have lost the run ids. A stale line does no harm. */
function writeLock(fd: number, text: string): void {
  writeSync(fd, text, 0);
  ftruncateSync(fd, text.length);
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

/**
 * Where one host listens until its core has connected: another path for each, no longer than that of the control socket.
 *
 * @throws {DirectoryError} `SOCKET_PATH_TOO_LONG`
 */
export function hostSocketPath(runDir: string): string {
  return socketPath(runDir, `h${randomBytes(3).toString('hex')}`);
}

/**
 * Makes a run directory that nobody else may write to, without taking it.
 *
 * @throws {DirectoryError} `RUN_DIR_UNUSABLE`, also for one that is there and unfit.
 */
export function makeRunDir(path: string): void {
  try {
    makeFolders(path);
    const info = lstatSync(path);
    if (!info.isDirectory()) throw noDirectory(path);
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
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'EEXIST' || code === 'ENOTDIR') throw noDirectory(path);
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
    // Not for appending, which would ignore where the text is to stand.
    return openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  } catch (cause) {
    throw unusable(path, cause);
  }
}

function noDirectory(path: string): DirectoryError {
  return new DirectoryError('RUN_DIR_UNUSABLE', `the run directory ${path} is not a directory; give another --run-dir`);
}

function unusable(path: string, cause: unknown): DirectoryError {
  const why = (cause as NodeJS.ErrnoException).code ?? String(cause);
  return new DirectoryError(
    'RUN_DIR_UNUSABLE',
    `the run directory ${path} cannot be used (${why}); give another --run-dir`,
    { cause },
  );
}

/** The names of our sockets, those of earlier versions too; the last is the control socket before it has its name. */
const OURS = /^(control\.sock|h[0-9a-f]{6}\.sock|module-\w+(-\d+)?\.sock|c\d+)$/;

/** A core that ended cleanly leaves neither socket nor pid. What is not ours is not touched: it may be anybody's. */
function sweep(path: string): string[] {
  const files = readdirSync(path).filter((name) => OURS.test(name) && lstatSync(join(path, name)).isSocket());
  for (const name of files) unlinkSync(join(path, name));
  return files;
}
