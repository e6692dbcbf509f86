/** The shared object of a module on the disk: where it is, and whether it is still the same. */

import { existsSync, statSync } from 'node:fs';
import { describeMissing, MISSING_REMEDY } from '../../config/resolve.js';
import type { ModuleSpec } from '../../config/types.js';
import { ModuleLoadError } from '../../errors.js';
import { fileIdOf } from '../../file-identity.js';

type Places = Pick<ModuleSpec, 'path' | 'lookedFor'>;

/** The file of a module, looked for anew each time, as it may have been installed since; `null`: there is none. */
export function findModuleFile({ path, lookedFor }: Places): string | null {
  return path ?? lookedFor.find((candidate) => existsSync(candidate)) ?? null;
}

/**
 * The file of a module.
 *
 * @throws ModuleLoadError `MODULE_FILE_MISSING`.
 */
export function requireModuleFile(spec: Places): string {
  const path = findModuleFile(spec);
  if (path !== null) return path;
  throw new ModuleLoadError('MODULE_FILE_MISSING', describeMissing(spec.lookedFor), { remedy: MISSING_REMEDY });
}

/**
 * Checks that there is a file before a serving module gives up the one that it has.
 *
 * @throws ModuleLoadError `MODULE_FILE_MISSING`.
 */
export function requirePresentFile(module: string, spec: Places): void {
  const path = requireModuleFile(spec);
  if (identifyFile(path) !== null) return;
  const remedy = 'put it back, or correct "path"; until then the module keeps the build that it has';
  throw new ModuleLoadError('MODULE_FILE_MISSING', `module ${module}: ${path}: there is no such file`, {
    module,
    remedy,
  });
}

/** Why a start would find no file; `null`: it would find one. */
export function findMissing(module: string, spec: Places): ModuleLoadError | null {
  const path = findModuleFile(spec);
  if (identifyFile(path) !== null) return null;
  const what = path === null ? describeMissing(spec.lookedFor) : `${path}: there is no such file`;
  const text = `module ${module}: ${what}`;
  return new ModuleLoadError('MODULE_FILE_MISSING', text, { module, remedy: MISSING_REMEDY });
}

/** Identifies the file at a path, so that a later one can be told from it; `null` when no file can be seen. */
export function identifyFile(path: string | null): string | null {
  try {
    if (path === null) return null;
    return fileIdOf(statSync(path, { bigint: true }));
  } catch {
    return null;
  }
}
