/** Identifies a file, so that a later file at the same path can be told from it. Core and host compare it. */

import { type BigIntStats, statSync } from 'node:fs';

/** Everything of a file that changes when somebody writes to it or puts another one in its place. */
export function identityOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(':');
}

/** The same without the time of the last change of its owner, mode or name: by this a module's file counts as the one that runs. */
export function fileIdOf({ dev, ino, size, mtimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs].join(':');
}

/** The identity of the file at `path` now; `null` when there is none that can be seen. */
export function readIdentity(path: string): string | null {
  try {
    return identityOf(statSync(path, { bigint: true }));
  } catch {
    return null;
  }
}

/** Whether two identities are of the same file on the disk, however often it was written. */
export function isSameInode(a: string, b: string): boolean {
  const inode = (identity: string) => identity.split(':', 2).join(':');
  return inode(a) === inode(b);
}
