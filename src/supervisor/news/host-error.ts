/** The end of a host as an error. */

import { HostExitError, ModuleLoadError, type SupervisorError } from '../../errors.js';
import type { HostEnd } from '../host/host-listener.js';
import { describeDeath } from './describe-death.js';

/** @param noAbi - why its module has no ABI, when all of them have failed; `null`: not so */
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
  // Last words, or a remark about the file, may follow it; then the remedy is inside the message.
  const { remedy = null } = end.what.kind === 'refused' ? end.what : {};
  const isLast = remedy !== null && text.endsWith(`; ${remedy}`);
  const what = isLast ? text.slice(0, -`; ${remedy}`.length) : text;
  return new (end.cause === 'start' ? ModuleLoadError : HostExitError)(end.code, what, {
    ...details,
    ...(isLast ? { remedy } : {}),
  });
}
