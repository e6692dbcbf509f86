/** The sha256 of a module file. The result of a trial is remembered by it. */

import { createHash } from 'node:crypto';
import { ElfFile } from './elf-file.js';

const CHUNK_BYTES = 1024 * 1024;

/**
 * Hashes a file in pieces, because it may be large.
 *
 * @returns 64 hexadecimal digits
 * @throws {@link ModuleLoadError} when the file cannot be read to its end
 */
export function hashFile(path: string): string {
  const file = new ElfFile(path);
  try {
    const hash = createHash('sha256');
    for (let at = 0; at < file.size; at += CHUNK_BYTES) {
      hash.update(file.read(at, Math.min(CHUNK_BYTES, file.size - at), 'content'));
    }
    return hash.digest('hex');
  } finally {
    file.close();
  }
}
