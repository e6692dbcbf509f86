/**
 * Whether the file that a host has loaded was written to since. It is checked when the host is dead, so that the error can say
 * so.
 */

import { closeSync, constants, openSync, readSync } from 'node:fs';
import { isSameInode, readIdentity } from '../../file-identity.js';
import type { LoadableFile } from './build.js';

const PIECE_BYTES = 256 * 1024;
/** The core waits while files are compared; beyond this the date decides. */
const MAX_COMPARED_BYTES = 64 * 1024 * 1024;

/**
 * Tells whether a file was overwritten in place. It was not if it only got another date, or if it was replaced: then processes
 * that have loaded it keep the old content.
 *
 * @param copy - of what was loaded; without one the size and the date decide
 */
export function wasOverwritten({ path, source, identity }: LoadableFile, copy: string): boolean {
  if (source === 'kept' || identity === null) return false;
  const now = readIdentity(path);
  if (now === null || now === identity || !isSameInode(now, identity)) return false;
  if (sizeOf(now) !== sizeOf(identity)) return true;
  return isDifferent(path, copy) ?? dateOf(now) !== dateOf(identity);
}

function sizeOf(identity: string): string | undefined {
  return identity.split(':')[2];
}

function dateOf(identity: string): string | undefined {
  return identity.split(':')[3];
}

/** Two builds differ in their first page. So both are read as a whole only when nothing but the date has changed. */
function isDifferent(a: string, b: string): boolean | null {
  const files: number[] = [];
  try {
    for (const path of [a, b]) files.push(openSync(path, constants.O_RDONLY | constants.O_NONBLOCK));
    const [one, other] = [Buffer.allocUnsafe(PIECE_BYTES), Buffer.allocUnsafe(PIECE_BYTES)];
    for (let at = 0; at < MAX_COMPARED_BYTES; at += PIECE_BYTES) {
      const read = readSync(files[0] as number, one, 0, PIECE_BYTES, at);
      const otherRead = readSync(files[1] as number, other, 0, PIECE_BYTES, at);
      if (read !== otherRead || !one.subarray(0, read).equals(other.subarray(0, read))) return true;
      if (read < PIECE_BYTES) return false;
    }
    return null;
  } catch {
    return null;
  } finally {
    for (const fd of files) closeSync(fd);
  }
}
