/** Finds the programs that read debug information and stacks. */

import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';

/** The absolute path of a program; `null`: it is not installed. @param path - as in the variable PATH */
export async function findTool(name: string, path: string | undefined = process.env.PATH): Promise<string | null> {
  for (const folder of (path ?? '').split(delimiter)) {
    // A folder that depends on where the core was started is not searched: others may write to it.
    if (!isAbsolute(folder)) continue;
    const file = join(folder, name);
    const isThere = await access(file, constants.X_OK).then(
      async () => (await stat(file)).isFile(),
      () => false,
    );
    if (isThere) return file;
  }
  return null;
}
