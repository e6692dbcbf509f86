/** Programs that a person has, or has not. */

import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

/** The first word of a command, when no folder of the PATH has that program. `null`: one has it, or the shell will find out. */
export function findMissingProgram(command: string, path = ''): string | null {
  const name = /^[\w.+-]+(?=\s|$)/.exec(command.trim())?.[0];
  if (name === undefined) return null;
  return path.split(':').some((folder) => isProgram(join(folder, name))) ? null : name;
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
