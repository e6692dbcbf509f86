/** Memory that outlives the process, in which it notes how it came to its end. */

import { randomBytes } from 'node:crypto';
import { closeSync, constants, ftruncateSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CRASH } from '../wire/crash-note.js';

/** In memory where that can be. */
const DIRECTORIES = ['/dev/shm', tmpdir()];

/** A file without a name, as large as the note. @returns `null`: there is no place for it */
export function openCrashArea(): number | null {
  for (const directory of DIRECTORIES) {
    const path = join(directory, `mesibo-crash-${randomBytes(8).toString('hex')}`);
    try {
      const fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
      rmSync(path);
      if (tryToSize(fd)) return fd;
    } catch {
      // The next directory may do.
    }
  }
  return null;
}

function tryToSize(fd: number): boolean {
  try {
    ftruncateSync(fd, CRASH.bytes);
    return true;
  } catch {
    closeSync(fd);
    return false;
  }
}
