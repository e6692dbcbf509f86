/** Finds the build that crashed: the file of the module, or the copy that the core has kept of it. */

import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { CrashCard } from '../crashes/card.js';
import { digestFile } from '../supervisor/builds/digest.js';
import { buildsFolder } from '../supervisor/directories/builds-folder.js';

const MAX_FILE_BYTES = 1024 * 1024 * 1024;

/** A file to load. */
export interface FoundBuild {
  path: string;
  /** `same`: it has the bytes that crashed; `copy`: the core's copy has them; `other`: it has others; `unknown`: the card does not say. */
  kind: 'same' | 'copy' | 'other' | 'unknown';
}

/**
 * @param prefersFile - the file of the module is wanted, whatever it is by now; otherwise the bytes that crashed
 * @returns `null`: there is no file, and no copy
 */
export async function findBuild(
  { file, sha256 }: CrashCard,
  stateDir: string,
  prefersFile: boolean,
): Promise<FoundBuild | null> {
  const found = await digestOf(file);
  if (sha256 === null) return found === null ? null : { path: file, kind: 'unknown' };
  if (found === sha256) return { path: file, kind: 'same' };
  if (found !== null && prefersFile) return { path: file, kind: 'other' };
  const copy = await findCopy(file, sha256, stateDir);
  if (copy !== null) return { path: copy, kind: 'copy' };
  return found === null ? null : { path: file, kind: 'other' };
}

/** It stands below a folder with the name of its bytes, in a folder like that of the original. */
async function findCopy(file: string, sha256: string, stateDir: string): Promise<string | null> {
  const builds = buildsFolder(stateDir);
  for (const entry of await namesIn(builds)) {
    if (!entry.startsWith(sha256)) continue;
    for (const folder of await namesIn(join(builds, entry))) {
      const path = join(builds, entry, folder, basename(file));
      if ((await digestOf(path)) === sha256) return path;
    }
  }
  return null;
}

async function namesIn(directory: string): Promise<string[]> {
  return readdir(directory).catch(() => []);
}

/** @returns `null`: it cannot be read */
async function digestOf(path: string): Promise<string | null> {
  try {
    return (await digestFile(path, { maxBytes: MAX_FILE_BYTES })).sha256;
  } catch {
    return null;
  }
}
