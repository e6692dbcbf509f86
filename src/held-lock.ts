/** A lock file that this process holds: by flock, which the kernel drops with its holder. */

import { closeSync, constants, fstatSync, ftruncateSync, lstatSync, writeSync } from 'node:fs';
import { flockExclusive } from './libc.js';
import { openFile, readText } from './own-files.js';

/** A larger one is none of ours. */
const MAX_TEXT_BYTES = 64 * 1024;

const PAUSE_MS = 10;

/** For a command that looks whether a core runs, and holds a lock for an instant. */
export const SHORT_MS = 50;
/** At a start: for a core that was killed and is not gone yet, for the kernel takes its descriptors one by one. */
export const START_MS = 500;

/** Asks again until the answer is yes, for so long; nothing else happens meanwhile. */
export function retry(limitMs: number, ask: () => boolean): boolean {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (const end = performance.now() + limitMs; !ask(); Atomics.wait(pause, 0, 0, PAUSE_MS)) {
    if (performance.now() >= end) return false;
  }
  return true;
}

/** Locks an open file or directory, unless somebody holds it for longer. */
export function lockSoon(fd: number, limitMs: number): boolean {
  return retry(limitMs, () => flockExclusive(fd));
}

/** The content of a lock file, held or not; empty when there is none, or it is not a file. */
export function readLockText(path: string): string {
  try {
    const fd = openFile(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      return readText(fd, MAX_TEXT_BYTES);
    } finally {
      closeSync(fd);
    }
  } catch {
    return '';
  }
}

/** One lock file, held. */
export class HeldLock {
  readonly #path: string;
  #fd: number;

  private constructor(path: string, fd: number) {
    this.#path = path;
    this.#fd = fd;
  }

  /**
   * Takes a lock; the file is made where there is none.
   *
   * @returns `null`: another process holds it
   * @throws NotAFileError, or the error of the system
   */
  static take(path: string, limitMs: number): HeldLock | null {
    const fd = openLocked(path, limitMs);
    return fd === null ? null : new HeldLock(path, fd);
  }

  /** What stands in the file. */
  get text(): string {
    return readText(this.#fd, MAX_TEXT_BYTES);
  }

  /** Whether those who look for the lock find this one. */
  isThere(): boolean {
    const [found, own] = [lstatSync(this.#path, { throwIfNoEntry: false }), fstatSync(this.#fd)];
    return found !== undefined && found.ino === own.ino && found.dev === own.dev;
  }

  /**
   * Takes the lock again where its file has gone or is another one.
   *
   * @returns `false`: another process holds that one
   * @throws as {@link take}
   */
  retake(): boolean {
    const fd = openLocked(this.#path, SHORT_MS);
    if (fd === null) return false;
    closeSync(this.#fd);
    this.#fd = fd;
    return true;
  }

  /** Writes before it cuts, so that a process killed in between has not lost its text. */
  write(text: string): void {
    writeSync(this.#fd, text, 0);
    ftruncateSync(this.#fd, Buffer.byteLength(text));
  }

  release(): void {
    closeSync(this.#fd);
  }
}

function openLocked(path: string, limitMs: number): number | null {
  // Not for appending, which would ignore where the text is to stand.
  const fd = openFile(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  try {
    if (lockSoon(fd, limitMs)) return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  closeSync(fd);
  return null;
}
