/** Reads a regular file that a configuration names, without ever waiting for one that is something else. */

import { closeSync, constants, fstatSync, openSync, readSync, type Stats, statSync } from 'node:fs';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  EACCES: 'permission to read it, or a folder on its way, is denied',
  EISDIR: 'it is a folder',
  EPERM: 'permission to read it is denied',
  ENOTDIR: 'a part of its path is not a folder',
  ELOOP: 'its symbolic links lead in a circle',
  ENAMETOOLONG: 'its path is too long',
};

/** A file that cannot be read; the message says why, and goes on behind "cannot be read: ". */
export class UnreadableError extends Error {}

/** What was read. */
export interface RegularFile {
  bytes: Buffer;
  stats: Stats;
}

/**
 * Reads a file whole.
 *
 * @param maxBytes - a larger file is refused
 * @throws UnreadableError for a folder, a pipe, a device, a socket, and whatever the system refuses
 */
export function readRegularFile(path: string, maxBytes: number): RegularFile {
  try {
    // Look before opening it: opening alone has an effect on some devices.
    refuseOthers(statSync(path));
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    try {
      const stats = fstatSync(fd);
      refuseOthers(stats);
      return { bytes: readWhole(fd, maxBytes), stats };
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw explain(error);
  }
}

/** Makes the reason in words of what the system says. */
export function explain(error: unknown): UnreadableError {
  if (error instanceof UnreadableError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  return new UnreadableError(REASONS[code ?? ''] ?? `the system says: ${message}`);
}

function refuseOthers(stats: Stats): void {
  if (stats.isDirectory()) throw new UnreadableError('it is a folder');
  if (!stats.isFile()) throw new UnreadableError('it is a pipe, a socket or a device');
}

/** A file may grow while it is read, and files of /proc have no size. */
function readWhole(fd: number, maxBytes: number): Buffer {
  const chunks: Buffer[] = [];
  let size = 0;
  for (;;) {
    const chunk = Buffer.allocUnsafe(64 * 1024);
    const length = readSync(fd, chunk);
    if (length === 0) return Buffer.concat(chunks);
    chunks.push(chunk.subarray(0, length));
    size += length;
    if (size > maxBytes) throw new UnreadableError('it is too large');
  }
}
