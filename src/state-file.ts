/** Small JSON documents that outlive a run, in the state directory. They are read and written while the core waits. */

import { closeSync, constants, fstatSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import type { z } from 'zod';
import { openFile } from './own-files.js';

/** A larger file is not ours. */
const MAX_FILE_BYTES = 1024 * 1024;

/**
 * Reads a document.
 *
 * @param maxBytes - a larger file was not written by a core
 * @returns `null` when there is none.
 * @throws Error when what stands there cannot be read or is something else.
 */
export function readStateFile<T>(file: string, schema: z.ZodType<T>, maxBytes = MAX_FILE_BYTES): T | null {
  let fd: number;
  try {
    fd = openFile(file, constants.O_RDONLY);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    if (fstatSync(fd).size > maxBytes) throw new Error(`${file} was not written by a core`);
    return schema.parse(JSON.parse(readFileSync(fd, 'utf8')));
  } finally {
    closeSync(fd);
  }
}

/**
 * Writes a document. A reader finds a complete one at any time.
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
      // It may be a directory, or the disk may be gone; the first error matters.
    }
    throw error;
  }
}

/** A document that could not be written is tried again this often, when somebody asks. */
const RETRY_MS = 1000;

/** A document that follows what a core knows. A failed write stops nothing and is tried again. */
export class StateDocument {
  readonly #file: string | null;
  readonly #content: () => unknown;
  readonly #now: () => number;
  #failure: string | null = null;
  #triedMs = 0;

  /** @param file - `null`: nothing is written, and nothing fails */
  constructor(file: string | null, content: () => unknown, now = () => performance.now()) {
    this.#file = file;
    this.#content = content;
    this.#now = now;
  }

  /** Why the file does not hold what is known; `null`: it does. */
  get failure(): string | null {
    if (this.#failure !== null && this.#now() - this.#triedMs >= RETRY_MS) this.write();
    return this.#failure;
  }

  /** Writes what is known now. @returns whether that went well */
  write(): boolean {
    if (this.#file === null) return true;
    this.#triedMs = this.#now();
    try {
      writeStateFile(this.#file, this.#content());
      this.#failure = null;
    } catch (error) {
      this.#failure = `${this.#file} cannot be written (${(error as Error).message})`;
    }
    return this.#failure === null;
  }
}
