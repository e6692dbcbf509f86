/** Finds the file of a module. */

import { statSync } from 'node:fs';
import { resolve } from 'node:path';

/** Where a module's file is, and where it was looked for. */
export interface ResolvedModule {
  /** Absolute; `null` when a search found nothing. */
  path: string | null;
  /** Every path that was tried, in order, up to the one that was found. */
  lookedFor: string[];
}

/**
 * Resolves the file of a module.
 *
 * An explicit path is taken as it is, whether or not there is such a file. The start of the module reports a missing
 * file. A bare name is looked for in each directory as `mesibo_NAME.so`, `mesibo_mod_NAME.so`,
 * `module_NAME.so` and `NAME.so`.
 *
 * @param base - The absolute folder that relative paths and directories are relative to.
 * @param exists - Tells whether a path names a file.
 */
export function resolveModule(
  module: { name: string; path: string | null },
  moduleDir: readonly string[],
  base: string,
  exists: (path: string) => boolean,
): ResolvedModule {
  if (module.path !== null) {
    const path = resolve(base, module.path);
    return { path, lookedFor: [path] };
  }
  const lookedFor: string[] = [];
  for (const dir of moduleDir) {
    for (const file of fileNames(module.name)) {
      const path = resolve(base, dir, file);
      lookedFor.push(path);
      if (exists(path)) return { path, lookedFor };
    }
  }
  return { path: null, lookedFor };
}

/** Tells whether a path names a file. A path that cannot be looked at does not. */
export function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function fileNames(name: string): string[] {
  return [`mesibo_${name}.so`, `mesibo_mod_${name}.so`, `module_${name}.so`, `${name}.so`];
}

/** That none of these places has the file of a module, in words; {@link MISSING_REMEDY} helps. */
export function describeMissing(lookedFor: readonly string[]): string {
  const semicolon = lookedFor.some((path) => path.includes(';'));
  const hint = semicolon ? ' (";" is a part of this path: it ends a value only after white space)' : '';
  return `no file found; looked for ${lookedFor.join(', ')}${hint}`;
}

/** What helps when no file was found. */
export const MISSING_REMEDY = 'install it or set path';
