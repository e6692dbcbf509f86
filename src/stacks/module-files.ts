/** Which files belong to a module, and where else their bytes may be. Pure. */

import { basename, dirname, join } from 'node:path';
import { isOfHost, isSystem } from './host-frames.js';

/** The file of a module, as its host had it loaded. */
export interface ModuleFiles {
  /** What was loaded: the original, or the copy that the core keeps of it. */
  path: string;
  /** Other files with the same bytes, or that had them: the original of a copy, the copy of an original. */
  others: readonly string[];
  /** Tells the file at `path` from a later one, as `readIdentity()` has it; `null` or absent: it is not known. */
  identity?: string | null;
}

/** Whether a file is the module's own, or came with it: it stands in the folder of the module, or below. */
export function isOfModule(object: string, files: ModuleFiles | null): boolean {
  if (files === null) return !isOfHost(object) && !isSystem(object) && object.startsWith('/');
  const all = [files.path, ...files.others];
  if (all.includes(object)) return true;
  return !isOfHost(object) && !isSystem(object) && all.some((path) => isBelow(object, dirname(path)));
}

function isBelow(path: string, folder: string): boolean {
  return folder !== '/' && path.startsWith(`${folder}/`);
}

/** Where the bytes of a file may be, the most likely place first. */
export function placesOf(object: string, files: ModuleFiles | null): string[] {
  const path = object.replace(/ \(deleted\)$/, '');
  const all = files === null ? [] : [files.path, ...files.others];
  const folder = all.map((file) => dirname(file)).find((from) => isBelow(path, from));
  const places = all
    .map((file) => (folder === undefined ? null : join(dirname(file), path.slice(folder.length))))
    .filter((place) => place !== null);
  const sameName = all.filter((file) => basename(file) === basename(path));
  return [...new Set([path, ...places, ...sameName])];
}
