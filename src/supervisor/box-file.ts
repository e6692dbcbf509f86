/** The memory file behind a black box: made and unlinked by the core, so that it leaves nothing behind. */

import { randomBytes } from 'node:crypto';
import { closeSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { constants } from 'node:os';
import { SupervisorError } from '../errors.js';
import { allocateFile } from '../libc.js';
import { BOX, type BoxHeader, formatHeader, readHeader, readRing, ringBytes } from '../wire/black-box.js';
import type { Entry } from '../wire/codec.js';

/** An open black box, as the core reads it. */
export class BoxFile {
  readonly fd: number;
  /** As the core made it, whatever the header says later. */
  readonly ringSize: number;

  constructor(fd: number, ringSize: number) {
    this.fd = fd;
    this.ringSize = ringSize;
  }

  /** The header as it is now; `null` when it no longer is one. */
  readHeader(): BoxHeader | null {
    return readHeader(this.fd);
  }

  /** What stands in the ring between two positions. */
  readRing(from: number, head: number): Entry[] {
    return readRing(this.fd, this.ringSize, from, head).entries;
  }

  /** Gives the memory back, once the host is gone too. */
  close(): void {
    closeSync(this.fd);
  }
}

/**
 * Makes the black box of one generation, with all its memory.
 *
 * @throws {SupervisorError} `BLACK_BOX_UNAVAILABLE` when the memory cannot be had; a box without its memory would turn
 * a full file system into SIGBUS later.
 */
export function makeBox(directory: string, generation: number, bytes: number): BoxFile {
  const path = `${directory}/mesibo-modules-${process.pid}-${randomBytes(8).toString('hex')}`;
  const ringSize = ringBytes(bytes);
  let fd: number;
  try {
    fd = openSync(path, 'wx+', 0o600);
  } catch (cause) {
    throw unavailable(`no file can be made in ${directory} (${(cause as NodeJS.ErrnoException).code})`, cause);
  }
  try {
    unlinkSync(path);
    return fill(fd, directory, generation, bytes, ringSize);
  } catch (error) {
    closeSync(fd);
    throw error instanceof SupervisorError ? error : unavailable(String(error), error);
  }
}

function fill(fd: number, directory: string, generation: number, bytes: number, ringSize: number): BoxFile {
  const errno = allocateFile(fd, BOX.ringOffset + ringSize);
  if (errno !== 0) {
    const full = errno === constants.errno.ENOSPC || errno === constants.errno.EFBIG;
    const cause = full
      ? `${directory} has no room for ${bytes} bytes`
      : `${directory} refused ${bytes} bytes (errno ${errno})`;
    throw unavailable(`${cause}; free some, or lower black_box`);
  }
  writeSync(fd, formatHeader(generation, ringSize), 0, undefined, 0);
  return new BoxFile(fd, ringSize);
}

function unavailable(message: string, cause?: unknown): SupervisorError {
  return new SupervisorError('BLACK_BOX_UNAVAILABLE', `no memory for the black box: ${message}`, { cause });
}
