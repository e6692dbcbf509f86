/** LevelDB, by the package classic-level: the only place that knows it. It is loaded when the first store is opened. */

import { closeSync, openSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { ClassicLevel } from 'classic-level';
import { isLockedElsewhere } from '../../libc.js';

/** A write: no value removes what is there. */
export type LevelWrite = readonly [key: string, value: Buffer | null];

/** An open database. */
export interface Level {
  /** All of it, many at a time. @throws LevelError; what it has given before is sound */
  read(): AsyncIterable<readonly (readonly [key: string, value: Buffer])[]>;
  /** All of it or nothing. It has reached the kernel, so it outlives this process. @throws LevelError */
  write(writes: readonly LevelWrite[]): Promise<void>;
  /** Never fails. */
  close(): Promise<void>;
}

/** It could not be opened, read or written. */
export class LevelError extends Error {
  /** What is in it is damaged, or no database: waiting does not help. */
  readonly isDamage: boolean;
  /** It cannot be used in this process at all. */
  readonly isFinal: boolean;
  /** Somebody has it open. */
  readonly isHeld: boolean;

  constructor(message: string, kind: { isDamage?: boolean; isFinal?: boolean } = {}) {
    super(message);
    this.isDamage = kind.isDamage ?? false;
    this.isFinal = kind.isFinal ?? false;
    this.isHeld = message.startsWith('lock ');
  }
}

/** What the system says of a file that is missing in a database, empty, or no file. */
const DAMAGE = /No such file or directory|Is a directory|Not a directory|Invalid argument|No such device|File exists/;

const ENCODINGS = { keyEncoding: 'utf8', valueEncoding: 'buffer' } as const;
const READ_AT_ONCE = 1000;

/**
 * Opens a database; one that is not there is made.
 *
 * @param folder that is there
 * @throws LevelError
 */
export async function openLevel(folder: string): Promise<Level> {
  const { ClassicLevel } = loadPackage();
  const database = new ClassicLevel<string, Buffer>(folder, { ...ENCODINGS, compression: false });
  try {
    await database.open();
  } catch (error) {
    await close(database);
    throw toLevelError(error);
  }
  return {
    read: () => read(database),
    write: (writes) => write(database, writes),
    close: () => close(database),
  };
}

/**
 * A store to which another process writes now must not be judged.
 *
 * @throws LevelError when somebody has the database open
 */
export function refuseOpen(folder: string): void {
  const path = join(folder, 'LOCK');
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    // Nobody has it open, or LevelDB will say what is wrong.
    return;
  }
  try {
    if (isLockedElsewhere(fd)) throw new LevelError(`lock ${path}: already held by process`);
  } finally {
    closeSync(fd);
  }
}

/** Only a core that keeps sends needs it. A bundle has no import() of what is not in it. */
function loadPackage(): typeof import('classic-level') {
  try {
    return createRequire(import.meta.url)('classic-level');
  } catch (error) {
    const { message } = error as Error;
    throw new LevelError(`the package classic-level cannot be loaded: ${message}`, { isFinal: true });
  }
}

async function* read(database: ClassicLevel<string, Buffer>): AsyncGenerator<[string, Buffer][]> {
  const iterator = database.iterator();
  try {
    for (;;) {
      const entries = await iterator.nextv(READ_AT_ONCE);
      if (entries.length === 0) return;
      yield entries;
    }
  } catch (error) {
    throw toLevelError(error);
  } finally {
    await iterator.close();
  }
}

async function write(database: ClassicLevel<string, Buffer>, writes: readonly LevelWrite[]): Promise<void> {
  try {
    await database.batch(writes.map(([key, value]) => (value ? { type: 'put', key, value } : { type: 'del', key })));
  } catch (error) {
    throw toLevelError(error);
  }
}

async function close(database: ClassicLevel<string, Buffer>): Promise<void> {
  await database.close().catch(() => undefined);
}

function toLevelError(error: unknown): LevelError {
  // Errors of opening are wrapped.
  const { cause } = error as Error;
  const { code, message } = (cause instanceof Error ? cause : error) as Error & { code?: string };
  const text = message.replace(/^(IO error|Corruption): /, '');
  return new LevelError(text, { isDamage: code === 'LEVEL_CORRUPTION' || DAMAGE.test(message) });
}
