/** Whether the module file is still the one that the core read. */

import { ModuleLoadError } from '../errors.js';
import { readIdentity } from '../file-identity.js';
import type { Welcome } from '../wire/codec.js';

/** The error for a file that has changed, even if more is wrong with it; `null`: it is the same. */
export function asChange({ path, fileIdentity }: Welcome): ModuleLoadError | null {
  if (!path || !fileIdentity || readIdentity(path) === fileIdentity) return null;
  const remedy = 'install files with mv or install, which put a whole file in place at once';
  return new ModuleLoadError('MODULE_FILE_CHANGED', `${path}: it was changed while it was being loaded`, { remedy });
}
