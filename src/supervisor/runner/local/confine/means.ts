/** What this machine has to confine processes with: programs, rights, users. */

import { accessSync, constants, statSync } from 'node:fs';
import { join } from 'node:path';

/** The programs that may stand before a host on its command line. */
export const PROGRAMS = ['sh', 'prlimit', 'unshare', 'bwrap', 'setpriv'] as const;

export type ProgramName = (typeof PROGRAMS)[number];

/** Where a core without a complete PATH looks as well. */
const USUAL_FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** Finds each program on the PATH; `null`: it is not installed. */
export function findPrograms(path = process.env.PATH ?? ''): Record<ProgramName, string | null> {
  // A relative folder would be another one in the directory of the module.
  const folders = [...path.split(':').filter((folder) => folder.startsWith('/')), ...USUAL_FOLDERS];
  const find = (name: string) => folders.map((folder) => join(folder, name)).find(isProgram) ?? null;
  return Object.fromEntries(PROGRAMS.map((name) => [name, find(name)])) as Record<ProgramName, string | null>;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
