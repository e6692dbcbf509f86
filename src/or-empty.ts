/** What the system may not have, or not show: then it is empty. */

import { readdirSync, readFileSync } from 'node:fs';

/** The text of a file. */
export function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** The names in a folder. */
export function listOrEmpty(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
