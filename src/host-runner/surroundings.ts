/** What of a module's surroundings the host itself sets, before the module is loaded. */

import type { Welcome } from '../wire/codec.js';
import type { Shim } from './shim.js';

/**
 * Gives the environment the GLIBC_TUNABLES that it is meant to have. The core has added to them for the start of this
 * process; what the module starts must not have that.
 */
export function restoreTunables(env: NodeJS.ProcessEnv): void {
  const given = env.MESIBO_GIVEN_TUNABLES;
  if (given === undefined) return;
  delete env.MESIBO_GIVEN_TUNABLES;
  if (given === '') delete env.GLIBC_TUNABLES;
  else env.GLIBC_TUNABLES = given;
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
