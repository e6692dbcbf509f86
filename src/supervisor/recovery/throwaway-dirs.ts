/**
 * Run directories of temporary cores. No later start uses one again. So when its core was killed, any core that starts removes
 * it.
 */

import { closeSync, constants, lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { DirectoryError } from '../../errors.js';
import { flockExclusive } from '../../libc.js';
import { parseLock } from '../../lock-file.js';
import { openFile, readBeginning } from '../../own-files.js';

const PREFIX = 'mesibo-once-';
const NAME = /^mesibo-once-\w{6}$/;

/** A longer temporary directory leaves too little of the 107 bytes that a socket path may have. */
const MAX_TMP_LENGTH = 40;

/** Enough of the text of a lock. */
const MAX_LOCK_BYTES = 1024;

/** A directory that is older than this and names no core was left by a core that was killed before it wrote its name. */
const NAMELESS_MS = 60_000;

/** Makes one. @throws {DirectoryError} `RUN_DIR_UNUSABLE` */
export function makeThrowawayDir(): string {
  const base = temporaryDir();
  try {
    return mkdtempSync(join(base, PREFIX));
  } catch (cause) {
    const why = `no temporary directory can be made in ${base} (${(cause as NodeJS.ErrnoException).code})`;
    const remedy = 'set TMPDIR to a directory that you can write to';
    throw new DirectoryError('RUN_DIR_UNUSABLE', why, { remedy, cause });
  }
}

/** Removes those of this user whose cores were killed, from where they are made now. */
export function removeDeadThrowaways(nowMs: number): void {
  const base = temporaryDir();
  for (const name of readNames(base)) removeDeadThrowaway(join(base, name), nowMs);
}

/** Removes one, if its core was killed. */
export function removeDeadThrowaway(path: string, nowMs: number): void {
  if (isDeadThrowaway(path, nowMs)) removeThrowaway(path);
}

/** Whether a path is that of such a directory, as far as its name says. */
export function isThrowaway(path: string): boolean {
  return NAME.test(basename(path));
}

/** Removes one; somebody else may be doing that. */
export function removeThrowaway(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    return;
  }
}

/** Whether this is such a directory of this user, and the core that made it does not live. */
export function isDeadThrowaway(path: string, nowMs: number): boolean {
  if (!isThrowaway(path)) return false;
  try {
    const info = lstatSync(path);
    if (!info.isDirectory() || info.uid !== process.geteuid?.()) return false;
    const pid = readFreeLock(join(path, 'lock'));
    // One that is being made has no lock yet, or does not hold it yet.
    return pid === 'held' ? false : pid !== null || nowMs - info.mtimeMs > NAMELESS_MS;
  } catch {
    return false;
  }
}

/** @returns the pid in a lock that nobody holds; `null` when there is no lock, or no pid in it. */
function readFreeLock(path: string): number | null | 'held' {
  let fd: number;
  try {
    fd = openFile(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch {
    return null;
  }
  try {
    return flockExclusive(fd) ? parseLock(readBeginning(fd, MAX_LOCK_BYTES)).pid : 'held';
  } finally {
    closeSync(fd);
  }
}

function temporaryDir(): string {
  return tmpdir().length > MAX_TMP_LENGTH ? '/tmp' : tmpdir();
}

function readNames(base: string): string[] {
  try {
    return readdirSync(base).filter(isThrowaway);
  } catch {
    return [];
  }
}
