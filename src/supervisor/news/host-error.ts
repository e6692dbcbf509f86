/** The end of a host as an error. */

import { HostExitError, ModuleLoadError, type SupervisorError } from '../../errors.js';
import type { HostEnd } from '../host/host-listener.js';
import { describeDeath } from './describe-death.js';

/** @param noAbi - why its module has no ABI, when the last one that it may have was tried; `null`: not so */
export function errorOfEnd(end: HostEnd, noAbi: string | null = null): SupervisorError {
  const { module, generation, path, signal, exitCode } = end.facts;
  const details = {
    module,
    generation,
    ...(signal === null ? {} : { signal }),
    ...(exitCode === null ? {} : { exitCode }),
  };
  if (noAbi !== null) return new ModuleLoadError('MODULE_NO_ABI', `module ${module}: ${path}: ${noAbi}`, details);
  const text = describeDeath(end.facts, end);
  // Last words, or what is said of the file, may stand behind it: then it is said in passing.
  const { remedy = null } = end.what.kind === 'refused' ? end.what : {};
  const isLast = remedy !== null && text.endsWith(`; ${remedy}`);
  const what = isLast ? text.slice(0, -`; ${remedy}`.length) : text;
  return new (end.cause === 'start' ? ModuleLoadError : HostExitError)(end.code, what, {
    ...details,
    ...(isLast ? { remedy } : {}),
  });
}
