/**
 * Links beside a kept copy to what stands beside the original, so that the module finds by `$ORIGIN` and `dladdr` what it
 * found there.
 */

import { opendir, readdir, readlink, symlink, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolders } from '../../directories.js';

/** A folder with more entries, as /usr/lib, has only so many of them linked. */
export const MAX_LINKS = 4096;

/**
 * Makes `to` hold a link for each entry of `from`. Entries of `to` that are not links stay and win over links. Links to other
 * folders are removed. A link to a missing entry does no harm.
 *
 * @param limit - links made at most
 * @throws Error of the system when there is no room
 */
export async function linkNeighbours(from: string, to: string, limit = MAX_LINKS): Promise<void> {
  makeFolders(to);
  const present = new Set(await removeStale(from, to));
  for (const name of await readNames(from, limit)) {
    if (!present.has(name)) await link(join(from, name), join(to, name));
  }
}

/** @returns the names that stay */
async function removeStale(from: string, to: string): Promise<string[]> {
  const kept: string[] = [];
  for (const name of await readdir(to)) {
    const path = join(to, name);
    const target = await readlink(path).catch(() => null);
    if (target === null || target === join(from, name)) kept.push(name);
    else await unlink(path);
  }
  return kept;
}

/** A folder that cannot be read, or is gone, has no entries that a module could find by their names. */
async function readNames(folder: string, limit: number): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name } of await opendir(folder)) {
      if (names.length >= limit) break;
      names.push(name);
    }
  } catch {
    return names;
  }
  return names;
}

async function link(target: string, path: string): Promise<void> {
  try {
    await symlink(target, path);
  } catch (error) {
    // Two hosts may start from the same copy.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
