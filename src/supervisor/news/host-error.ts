/** The end of a host as an error. */

import { HostExitError, ModuleLoadError, type SupervisorError } from '../../errors.js';
import type { HostEnd } from '../host/host-listener.js';

/** @param noAbi - why its module has no ABI, when the last one that it may have was tried; `null`: not so */
export function errorOfEnd(
  { module, generation, path }: { module: string; generation: number; path: string },
  { code, text, cause, signal, exitCode }: HostEnd,
  noAbi: string | null = null,
): SupervisorError {
  const details = {
    module,
    generation,
    ...(signal === null ? {} : { signal }),
    ...(exitCode === null ? {} : { exitCode }),
  };
  if (noAbi !== null) return new ModuleLoadError('MODULE_NO_ABI', `module ${module}: ${path}: ${noAbi}`, details);
  return new (cause === 'start' ? ModuleLoadError : HostExitError)(code, text, details);
}
