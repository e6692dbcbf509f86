/** Looks whether a program can be run. */

import { accessSync, constants, statSync } from 'node:fs';

/**
 * Says why a file cannot be run, as `it does not exist`; `null` when nothing speaks against it.
 *
 * @param path - Absolute.
 */
export function findProgramProblem(path: string): string | null {
  try {
    if (!statSync(path).isFile()) return 'it is not a file';
    accessSync(path, constants.X_OK);
    return null;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return 'it does not exist';
    return code === 'EACCES' ? 'you may not execute it' : `the system says ${code}`;
  }
}
