/** How much memory boxes may still take. */

import { statfsSync } from 'node:fs';

/** What is free where a directory is, in bytes; 0 where nobody can tell. */
export function readFreeBytes(directory: string): number {
  try {
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize;
  } catch {
    return 0;
  }
}
