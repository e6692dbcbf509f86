/** What of a module's surroundings the host itself sets, before the module is loaded. */

import { ModuleLoadError } from '../errors.js';
import type { Welcome } from '../wire/codec.js';
import type { Shim } from './shim.js';

/**
 * Restores GLIBC_TUNABLES in the environment. The core has added to it for the start of this process; processes that the module
 * starts must not inherit that.
 */
export function restoreTunables(env: NodeJS.ProcessEnv): void {
  const given = env.MESIBO_GIVEN_TUNABLES;
  if (given === undefined) return;
  delete env.MESIBO_GIVEN_TUNABLES;
  if (given === '') delete env.GLIBC_TUNABLES;
  else env.GLIBC_TUNABLES = given;
}

/**
 * Takes directory and environment, if this process was started before its module was known.
 *
 * @returns what an operator should know, in words
 * @throws {ModuleLoadError} `DIRECTORY_UNUSABLE`
 */
export function takeSurroundings(shim: Shim, { surroundings }: Welcome): string[] {
  if (!surroundings) return [];
  enter(surroundings.directory ?? '');
  const variables = surroundings.environment ?? [];
  const packed = Buffer.from(variables.map(({ key, value }) => `${key}=${value ?? ''}\0`).join(''), 'utf8');
  const failed = shim.setEnvironment(packed, packed.length, variables.length);
  if (failed < 0) throw new Error(`no memory for the environment (errno ${-failed})`);
  return failed === 0 ? [] : ['only the C library sees its environment; the Go runtime finds none'];
}

function enter(directory: string): void {
  try {
    process.chdir(directory);
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? String(error);
    const remedy = 'make it, or set "directory" to another';
    const what = `the working directory ${directory} cannot be used (${why})`;
    throw new ModuleLoadError('DIRECTORY_UNUSABLE', what, { remedy });
  }
}

/**
 * Sets the umask and the limit of core files.
 *
 * @returns what an operator should know, in words
 */
export function applySurroundings(shim: Shim, { umask, coreFiles }: Welcome): string[] {
  if (umask != null) process.umask(umask);
  if (coreFiles == null) return [];
  const failed = shim.limitCore(coreFiles ? 1 : 0);
  if (failed === 0) return [];
  const why = failed > 0 ? 'the hard limit is 0' : `errno ${-failed}`;
  return [`core_files = ${coreFiles ? 'on' : 'off'} has no effect (${why}); raise it with LimitCORE= or ulimit -Hc`];
}
