/** Small JSON documents that outlive a run, in the state directory. They are read and written while the core waits. */

import { closeSync, constants, fstatSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { z } from 'zod';
import { openFile } from './own-files.js';

/** A larger file is not ours. */
const MAX_FILE_BYTES = 1024 * 1024;

/**
 * Reads a document.
 *
 * @returns `null` when there is none.
 * @throws Error when what stands there cannot be read or is something else.
 */
export function readStateFile<T>(file: string, schema: z.ZodType<T>): T | null {
  let fd: number;
  try {
    fd = openFile(file, constants.O_RDONLY);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    if (fstatSync(fd).size > MAX_FILE_BYTES) throw new Error(`${file} is no file of ours`);
    return schema.parse(JSON.parse(readFileSync(fd, 'utf8')));
  } finally {
    closeSync(fd);
  }
}

/**
 * Writes a document; whoever reads the file at any time finds a whole one.
 *
 * @throws Error when that cannot be; the document before is still there then.
 */
export function writeStateFile(file: string, content: unknown): void {
  const unfinished = `${file}.${process.pid}.tmp`;
  try {
    // What stands there was left by a process that was killed; it may be anything.
    rmSync(unfinished, { force: true });
    writeFileSync(unfinished, `${JSON.stringify(content, null, 1)}\n`, { flag: 'wx', mode: 0o600 });
    renameSync(unfinished, file);
  } catch (error) {
    try {
      rmSync(unfinished, { force: true });
    } catch {
      // It may be a directory, or the disk gone; what went wrong first is what matters.
    }
    throw error;
  }
}
