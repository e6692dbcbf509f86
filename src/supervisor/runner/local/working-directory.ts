/** The directory that a module's hosts work in. */

import { accessSync, constants, readdirSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolders } from '../../../directories.js';
import { DirectoryError } from '../../../errors.js';

const WORK = 'work';

/** Where the directories of modules may be that have none configured. */
export interface WorkPlaces {
  /** `null`: the core keeps no state. */
  stateDir: string | null;
  runDir: string;
}

/** The directory of a module that has none configured, which outlives the core where that keeps a state. */
export function ownDirectory(module: string, { stateDir, runDir }: WorkPlaces): string {
  return join(stateDir ?? runDir, WORK, module);
}

/** Removes the directories in a run directory that modules have left empty. */
export function removeEmptyDirectories(runDir: string): void {
  const work = join(runDir, WORK);
  try {
    for (const name of readdirSync(work)) removeIfEmpty(join(work, name));
    removeIfEmpty(work);
  } catch {
    // There is none.
  }
}

function removeIfEmpty(path: string): void {
  try {
    rmdirSync(path);
  } catch {
    // A module keeps something in it.
  }
}

/**
 * Finds the directory that a host is started in. The module's own is made; where it cannot be, as on a full disk, one
 * in the run directory serves.
 *
 * @param configured - the setting `directory`; `null`: none
 * @returns the directory, and why it is not the one that it should be; `null`: it is
 * @throws DirectoryError `DIRECTORY_UNUSABLE`
 */
export function findWorkingDirectory(
  module: string,
  configured: string | null,
  places: WorkPlaces,
): { path: string; problem: string | null } {
  if (configured !== null) return { path: requireDirectory(configured), problem: null };
  const path = ownDirectory(module, places);
  const why = tryToMake(path);
  if (why === null) return { path, problem: null };
  const spare = ownDirectory(module, { ...places, stateDir: null });
  if (places.stateDir === null || tryToMake(spare) !== null) throw unusable(path, why);
  return { path: spare, problem: `its directory ${path} cannot be made (${why}); it works in ${spare}, which is lost` };
}

function requireDirectory(path: string): string {
  try {
    if (!statSync(path).isDirectory()) throw unusable(path, 'it is not a directory');
    accessSync(path, constants.X_OK);
    return path;
  } catch (error) {
    if (error instanceof DirectoryError) throw error;
    throw unusable(path, (error as NodeJS.ErrnoException).code ?? String(error));
  }
}

/** @returns why not; `null`: it is there */
function tryToMake(path: string): string | null {
  try {
    makeFolders(path);
    return null;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

function unusable(path: string, why: string): DirectoryError {
  return new DirectoryError('DIRECTORY_UNUSABLE', `the working directory ${path} cannot be used (${why})`, {
    remedy: 'make it, or set "directory" to another',
  });
}
