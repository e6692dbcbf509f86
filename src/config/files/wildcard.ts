/** Which files a path with `*` and `?` stands for. */

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { explain, UnreadableError } from './regular-file.js';

/** Whether it can stand for more than one file. */
export function isPattern(path: string): boolean {
  return /[*?]/.test(path);
}

/** What a pattern stands for. */
export interface Matches {
  files: string[];
  /** Why something on the way was not looked into, each with its path. */
  skipped: string[];
}

/**
 * Finds what a pattern stands for, in the order of the names as bytes, folder by folder. `*` stands for any characters but
 * "/", `?` for one of them. A name that begins with a dot is found only by a pattern that begins with one.
 *
 * @param pattern - absolute
 * @param most - more are refused
 * @throws UnreadableError for a folder that is named and cannot be read, and for more matches than allowed
 */
export function findMatches(pattern: string, most: number): Matches {
  const parts = pattern.split('/').filter((part) => part !== '');
  const firstPattern = parts.findIndex(isPattern);
  const skipped: string[] = [];
  /** What is named must be readable; what a pattern finds may be anything. */
  const attempt = <T>(isNamed: boolean, act: () => T, otherwise: T): T => {
    try {
      return act();
    } catch (error) {
      if (isNamed || !(error instanceof FolderError)) throw error;
      skipped.push(error.message);
      return otherwise;
    }
  };
  let found = ['/'];
  for (const [index, part] of parts.entries()) {
    const isLast = index === parts.length - 1;
    found = found.flatMap((folder) => {
      return isPattern(part)
        ? attempt(index === firstPattern, () => namesIn(folder, part, most), [])
        : [join(folder, part)];
    });
    // A name without * or ? behind a pattern stands for the files that exist.
    if (!isLast || !isPattern(part)) {
      found = found.filter((path) => attempt(index < firstPattern, () => isThere(path, !isLast), false));
    }
    if (found.length > most) throw new UnreadableError(`it stands for more than ${most} files`);
  }
  return { files: found, skipped };
}

/** Something on the way cannot be looked into. */
class FolderError extends UnreadableError {}

function namesIn(folder: string, part: string, most: number): string[] {
  const names = listFolder(folder).filter((name) => matches(part, name.toString()));
  if (names.length > most) throw new UnreadableError(`it stands for more than ${most} files`);
  return names.sort(Buffer.compare).map((name) => {
    const text = name.toString();
    if (!Buffer.from(text).equals(name)) {
      throw new UnreadableError(`a name in ${folder} is not UTF-8; rename the file "${text}"`);
    }
    return join(folder, text);
  });
}

function listFolder(folder: string): Buffer[] {
  try {
    return readdirSync(folder, { encoding: 'buffer' });
  } catch (error) {
    throw new FolderError(`the folder ${folder} cannot be read: ${explain(error).message}`);
  }
}

function isThere(path: string, asFolder: boolean): boolean {
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    return stats !== undefined && (!asFolder || stats.isDirectory());
  } catch (error) {
    throw new FolderError(`${path} cannot be read: ${explain(error).message}`);
  }
}

/** The folder of a pattern that is named, and whether there is one. */
export function findFolder(pattern: string): { folder: string; exists: boolean } {
  const parts = pattern.split('/');
  const named = parts.slice(0, parts.findIndex(isPattern)).join('/') || '/';
  return { folder: named, exists: statSync(named, { throwIfNoEntry: false })?.isDirectory() ?? false };
}

/** Whether a name fits one part of a pattern. The product of both lengths bounds the time. */
export function matches(part: string, name: string): boolean {
  if (name.startsWith('.') && !part.startsWith('.')) return false;
  const pattern = [...part];
  const text = [...name];
  let p = 0;
  let t = 0;
  let star = -1;
  let resumeAt = 0;
  while (t < text.length) {
    if (pattern[p] === '*') {
      star = p++;
      resumeAt = t;
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === text[t])) {
      p++;
      t++;
    } else if (star >= 0) {
      // The last star takes one character more.
      p = star + 1;
      t = ++resumeAt;
    } else return false;
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}
