/** Values that stand in a file of their own: `@/path` and `@./path`. */

import { isUtf8 } from 'node:buffer';
import { dirname, resolve } from 'node:path';
import { readRegularFile, UnreadableError } from '../files/regular-file.js';
import type { Pair } from '../parser.js';
import type { ValueFile } from '../types.js';

const MAX_BYTES = 1024 * 1024;

/** Whether a value, as it is written, names a file. `@alice` does not, and nothing in quotes does. */
export function isFileReference({ value, quoted }: Pair): boolean {
  return !quoted && /^@(?:\/|\.\.?\/|\$\{)/.test(value);
}

/** @returns `null` when variables have made something else of a reference */
export function pathOfReference(pair: Pair): string | null {
  const path = pair.value.slice(1);
  return /^(?:\/|\.\.?\/)/.test(path) ? resolve(dirname(resolve(pair.position.file)), path) : null;
}

/**
 * Reads such a file, without the line break at its end and the byte order mark at its beginning.
 *
 * @throws UnreadableError unless it is a regular file of UTF-8 text, of at most 1 MiB and without a NUL
 */
export function readValueFile(path: string): ValueFile {
  const { bytes, stats } = readRegularFile(path, MAX_BYTES);
  if (bytes.includes(0)) throw new UnreadableError('it has a NUL byte, so it is not text');
  if (!isUtf8(bytes)) throw new UnreadableError('it is not text in UTF-8');
  return {
    path,
    value: bytes
      .toString('utf8')
      .replace(/^\uFEFF/, '')
      .replace(/\r?\n$/, ''),
    stats,
  };
}
