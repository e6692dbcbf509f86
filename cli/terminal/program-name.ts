/** How this program is typed: in a clone it is no command of the shell, and npx finds it. Pure. */

import { dirname } from 'node:path';
import { PROGRAM } from '../../src/sentence.js';

/** Where npm puts the commands of packages, which is on the PATH of npx and of scripts alone. */
const NPM_COMMAND = /\/node_modules\/\.bin\/[^/]+$/;

/**
 * The words to type for this program.
 *
 * @param file - what is run, as `process.argv[1]`
 */
export function typedProgram(file: string | undefined, env: NodeJS.ProcessEnv): readonly string[] {
  if (file === undefined || !NPM_COMMAND.test(file)) return [PROGRAM];
  const isOnPath = (env.PATH ?? '').split(':').includes(dirname(file));
  return env.npm_command === 'exec' || !isOnPath ? ['npx', PROGRAM] : [PROGRAM];
}
