/** The run directory of one core: its lock, its sockets, and what a killed core left in it. */

import { randomBytes } from 'node:crypto';
import { closeSync, fstatSync, lstatSync, readdirSync, rmSync, statSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolders } from '../../directories.js';
import { DirectoryError } from '../../errors.js';
import { HeldLock, lockSoon, readLockText, retry, SHORT_MS, START_MS } from '../../held-lock.js';
import { listenerOf } from '../../libc.js';
import { type CoreKind, formatLock, type LockText, parseLock } from '../../lock-file.js';
import { NOT_A_FILE, openRunDir } from '../../own-files.js';
import { type Sentence, sentence, shellCommand } from '../../sentence.js';

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
  /** Black boxes of this run stay when it ends: the next core is to deal with them. */
  leaveOwn(): void;
  /** Looks whether the directory and its lock are still this core's, and makes them again where they have gone. */
  check(): RunDirCheck;
  /** Removes this core's sockets and gives the directory back. */
  release(): void;
}

/** What came of a look at a run directory. */
export interface RunDirCheck {
  /** What had gone and was made again. */
  restored: string[];
  /** Why others do not find this core there, and what to do; `null`: they do. */
  lost: string | null;
}

/**
 * Takes a run directory: one core at a time, held by a lock that the kernel drops with its holder.
 *
 * @param kind - what commands are told of the core
 * @param stateDir - where they find its logs
 * @throws {DirectoryError} `RUN_DIR_BUSY`, `RUN_DIR_UNUSABLE`
 */
export function acquireRunDir(path: string, kind: CoreKind = 'daemon', stateDir: string | null = null): RunDir {
  const directory = openOwn(path);
  try {
    const lock = isLocked(directory, START_MS) ? takeLock(path) : null;
    if (lock === null) throw busy(path);
    return new HeldRunDir(path, { kind, stateDir }, directory, lock);
  } catch (cause) {
    closeSync(directory);
    throw cause instanceof DirectoryError ? cause : unusable(path, cause);
  }
}

/** @returns `null`: another core serves the directory, though it may have lost its lock */
function takeLock(path: string): HeldLock | null {
  // Before any file is made: the other core notices what happens to its own files and makes them again.
  const isFree = retry(START_MS, () => listenerOf(join(path, 'control.sock')) === null);
  if (!isFree) return null;
  const file = join(path, 'lock');
  try {
    return HeldLock.take(file, START_MS);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === undefined || !NO_LOCK_FILE.has(code)) throw cause;
    const remedy = `remove ${file}, or give another --run-dir`;
    throw new DirectoryError('RUN_DIR_UNUSABLE', `the lock in ${path} cannot be taken (${code})`, { remedy, cause });
  }
}

/** Error codes that mean that the lock is not a file of ours: it is a link, a directory, a pipe... */
const NO_LOCK_FILE: ReadonlySet<string> = new Set(['ELOOP', 'EISDIR', 'ENXIO', NOT_A_FILE]);

/**
 * Locks the directory itself too, because files in it may be removed while their core lives. It does not lock a directory that
 * others may open, because they could lock it as well.
 */
function isLocked(directory: number, limitMs: number): boolean {
  return (fstatSync(directory).mode & 0o044) !== 0 || lockSoon(directory, limitMs);
}

class HeldRunDir implements RunDir {
  readonly path: string;
  readonly runId = randomBytes(8).toString('hex');
  readonly left: Leftovers;
  readonly #about: Pick<LockText, 'kind' | 'stateDir'>;
  #directory: number;
  readonly #lock: HeldLock;
  #unsettled: string[];
  #released = false;

  constructor(path: string, about: Pick<LockText, 'kind' | 'stateDir'>, directory: number, lock: HeldLock) {
    this.path = path;
    this.#about = about;
    this.#directory = directory;
    this.#lock = lock;
    const { pid, runIds } = parseLock(lock.text);
    this.left = { pid, runIds, files: sweep(path) };
    this.#unsettled = runIds;
    this.#write();
  }

  forgetLeft(): void {
    if (this.#released) return;
    this.#unsettled = [];
    this.#write();
  }

  leaveOwn(): void {
    this.#unsettled = [this.runId, ...this.#unsettled.filter((runId) => runId !== this.runId)];
  }

  check(): RunDirCheck {
    const restored: string[] = [];
    try {
      const lost = this.#checkDirectory(restored) ?? this.#checkLock(restored);
      return { restored, lost };
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const why = error instanceof DirectoryError ? message : `${this.path}/lock cannot be made (${code}); remove it`;
      return { restored, lost: `commands can no longer reach this core: ${why}` };
    }
  }

  release(): void {
    this.#released = true;
    try {
      // Where the directory was removed and made again, what stands there is another core's.
      if (this.#lock.isThere()) sweep(this.path);
      // A start that failed before it came to the leftovers passes them on as it found them.
      const { pid } = this.left;
      this.#lock.write(this.#unsettled.length === 0 ? '' : formatLock(pid ?? process.pid, this.#unsettled));
    } catch {
      // Somebody removed the directory: then nothing of this core is left in it.
    } finally {
      this.#lock.release();
      closeSync(this.#directory);
    }
  }

  #checkDirectory(restored: string[]): string | null {
    const [found, own] = [statSync(this.path, { throwIfNoEntry: false }), fstatSync(this.#directory)];
    if (found?.ino === own.ino && found.dev === own.dev) return null;
    const directory = openOwn(this.path);
    if (!isLocked(directory, SHORT_MS)) {
      closeSync(directory);
      return this.#taken();
    }
    closeSync(this.#directory);
    this.#directory = directory;
    restored.push(this.path);
    return null;
  }

  #checkLock(restored: string[]): string | null {
    if (this.#lock.isThere()) return null;
    if (!this.#lock.retake()) return this.#taken();
    // A core that had taken it meanwhile and was killed has left something for the next start.
    const { runIds } = parseLock(this.#lock.text);
    this.#unsettled = [...new Set([...this.#unsettled, ...runIds.filter((runId) => runId !== this.runId)])];
    this.#write();
    restored.push(join(this.path, 'lock'));
    return null;
  }

  #taken(): string {
    const holder = holderOf(this.path);
    const [who] = holder;
    const that = holder[1] === null ? '' : sentence`, or that one ${endOf(holder[1], holder[2])}`;
    const remedy = sentence`end one of the two: this one ${endOf(process.pid, this.#about.kind)}${that}`;
    return `commands can no longer reach this core, because ${who} has taken ${this.path}; ${remedy}`;
  }

  #write(): void {
    this.#lock.write(formatLock(process.pid, [this.runId, ...this.#unsettled], this.#about));
  }
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
    throw new DirectoryError('SOCKET_PATH_TOO_LONG', `${path} has ${limit}`, { remedy: 'give a shorter --run-dir' });
  }
  return path;
}

/**
 * Where one host listens until its core has connected. Each host has another path, at most as long as that of the control
 * socket.
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
  closeSync(openOwn(path));
}

/** Makes a run directory where there is none, and opens it. @throws {DirectoryError} `RUN_DIR_UNUSABLE` */
function openOwn(path: string): number {
  try {
    makeFolders(path);
    return openRunDir(path, [process.getuid?.() ?? 0], 'read');
  } catch (cause) {
    if (cause instanceof DirectoryError) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'EEXIST' || code === 'ENOTDIR') throw noDirectory(path);
    throw unusable(path, cause);
  }
}

function holderOf(path: string): [who: string, pid: number | null, kind: CoreKind] {
  const { pid: named, kind } = parseLock(readLockText(join(path, 'lock')));
  const pid = named ?? listenerOf(join(path, 'control.sock'));
  const where = kind === 'daemon' ? '' : ', which is a part of a program,';
  return pid ? [`the core with pid ${pid}${where}`, pid, kind] : ['another core', null, kind];
}

/** How a core is ended without its control socket: one that is a part of a program has no process of its own. */
function endOf(pid: number, kind: CoreKind): Sentence | string {
  return kind === 'daemon' ? sentence`with: ${shellCommand('kill', `${pid}`)}` : `in its program (pid ${pid})`;
}

function busy(path: string): DirectoryError {
  const who = holderOf(path)[0].replace(/,$/, '');
  const remedy = 'stop that one, or give this one another --run-dir';
  return new DirectoryError('RUN_DIR_BUSY', `${path} is held by ${who}`, { remedy });
}

function noDirectory(path: string): DirectoryError {
  const remedy = 'give another --run-dir';
  return new DirectoryError('RUN_DIR_UNUSABLE', `the run directory ${path} is not a directory`, { remedy });
}

function unusable(path: string, cause: unknown): DirectoryError {
  const why = (cause as NodeJS.ErrnoException).code ?? String(cause);
  const remedy = 'give another --run-dir';
  return new DirectoryError('RUN_DIR_UNUSABLE', `the run directory ${path} cannot be used (${why})`, { remedy, cause });
}

/** The names of our sockets, those of earlier versions too. */
const OURS = /^(control\.sock|h[0-9a-f]{6}\.sock|module-\w+(-\d+)?\.sock)$/;
/** Where the control socket and the gateway's are made, by a core that was killed meanwhile. */
const NURSERY = /^(c|\.g)\d+$/;

/** A core that ended cleanly leaves neither socket nor pid. What is not ours is not touched: it may be anybody's. */
function sweep(path: string): string[] {
  const names = readdirSync(path);
  for (const name of names.filter((name) => NURSERY.test(name))) rmSync(join(path, name), { recursive: true });
  const files = names.filter((name) => OURS.test(name) && lstatSync(join(path, name)).isSocket());
  for (const name of files) unlinkSync(join(path, name));
  return files;
}
