/** Where a change can put another file at a path: the folder of the file, and those of all symbolic links on the way. */

import { readlink } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';

/** As the system follows. */
const MOST_LINKS = 40;

/** By the path of a folder: the names in it that matter. */
export type LeadingFolders = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * Follows an absolute path. What is missing ends the way: its folder is the last one.
 *
 * @returns at most one folder for each symbolic link, and one for the file
 */
export async function findFolders(path: string): Promise<LeadingFolders> {
  const folders = new Map<string, Set<string>>();
  const note = (folder: string, name: string) => folders.set(folder, (folders.get(folder) ?? new Set()).add(name));
  let at = '/';
  let rest = partsOf(path);
  let links = 0;
  while (rest.length > 0) {
    const [name = '', ...others] = rest;
    rest = others;
    if (name === '..') {
      at = dirname(at);
      continue;
    }
    const step = await follow(join(at, name));
    if (step.kind === 'link' && ++links <= MOST_LINKS) {
      note(at, name);
      rest = [...partsOf(step.to), ...rest];
      if (isAbsolute(step.to)) at = '/';
    } else if (step.kind !== 'other' || rest.length === 0) {
      note(at, name);
      return folders;
    } else at = join(at, name);
  }
  return folders;
}

type Step = { kind: 'link'; to: string } | { kind: 'other' } | { kind: 'missing' };

async function follow(path: string): Promise<Step> {
  try {
    return { kind: 'link', to: await readlink(path) };
  } catch (error) {
    // EINVAL: it is there, and no link.
    return { kind: (error as NodeJS.ErrnoException).code === 'EINVAL' ? 'other' : 'missing' };
  }
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}
