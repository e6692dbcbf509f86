/** Which files a path with `*` and `?` stands for. */

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { explain, UnreadableError } from './regular-file.js';

/** Whether it can stand for more than one file. */
export function isPattern(path: string): boolean {
  return /[*?]/.test(path);
}

/**
 * Finds what a pattern stands for, in the order of the names as bytes, folder by folder. `*` stands for any characters but
 * "/", `?` for one of them. A name that begins with a dot is found only by a pattern that begins with one.
 *
 * @param pattern - absolute
 * @param most - more are refused
 * @throws UnreadableError for a folder that cannot be read, and for more matches than allowed
 */
export function findMatches(pattern: string, most: number): string[] {
  const [first = '/', ...parts] = pattern.split('/').filter((part) => part !== '');
  let found = ['/'];
  for (const [index, part] of [first, ...parts].entries()) {
    const isLast = index === parts.length;
    found = found.flatMap((folder) => (isPattern(part) ? namesIn(folder, part, most) : [join(folder, part)]));
    if (!isLast) found = found.filter(isFolder);
    // A name without * or ? behind a pattern stands for the files that exist.
    else if (!isPattern(part)) found = found.filter(exists);
    if (found.length > most) throw new UnreadableError(`it stands for more than ${most} files`);
  }
  return found;
}

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
    throw new UnreadableError(`the folder ${folder} cannot be read: ${explain(error).message}`);
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
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
