/** Reads the text of a configuration file. */

import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { ConfigError } from '../../errors.js';
import { ownCommand, sentence } from '../../sentence.js';
import { decodeText } from './encoding.js';
import { explain } from './regular-file.js';

/** Of a configuration, with all that it includes. */
export const LARGEST_CONFIG = 16 * 1024 * 1024;
/** How long the writer of a pipe, or a person who types, may take before each piece. */
const SILENCE_MS = 10_000;
const PAUSE_MS = 20;
const CHUNK = 64 * 1024;

/** What to do about what the system says. */
const REMEDIES: Record<string, string> = {
  ENOENT: 'write it, or name another one with --config',
  EACCES: 'change its mode or owner, or run as a user who may read it',
  EISDIR: 'name the file in it with --config',
  ENOTDIR: 'correct the path given with --config',
  ELOOP: 'correct them',
};

const nothingCame = (silenceMs: number) =>
  `the configuration cannot be read: it is a pipe or a device, and nothing came from it for ${silenceMs / 1000} s; ` +
  'start what writes into it, or name another one with --config';

const NEVER_WAIT =
  'the configuration cannot be read: it is a pipe or a device, which a running core does not wait for; ' +
  'put it into a file, and start again with that';

/** What every shared object begins with. */
const ELF = Buffer.from('\x7fELF', 'latin1');

function sharedObject(file: string): ConfigError {
  const command = ownCommand('try', file);
  const remedy = sentence`to see what a module does with a message: ${command}; to load and initialise it only: ${command} </dev/null`;
  return new ConfigError('CONFIG_UNREADABLE', 'this is a shared object, not a configuration', { file }, { remedy });
}

/** How a configuration is read. */
export interface ReadOptions {
  /** Refuses a pipe or a device, which may keep the reader waiting. */
  neverWait?: boolean;
  /** How long a pipe or a device may say nothing before it is given up, in milliseconds; 10,000 by default. */
  silenceMs?: number;
}

/** One file of a configuration. */
export interface ConfigText {
  text: string;
  bytes: number;
  stats: Stats;
}

/**
 * Reads a file of UTF-8 text of at most 16 MiB; it may be a pipe.
 *
 * @throws ConfigError `CONFIG_UNREADABLE` with the cause in words and the remedy; `CONFIG_SYNTAX` at the first byte
 * that is not UTF-8.
 */
export function readConfigText(file: string, options: ReadOptions = {}): ConfigText {
  const { bytes, stats } = readBytes(file, options);
  if (bytes.subarray(0, ELF.length).equals(ELF)) throw sharedObject(file);
  return { text: decodeText(bytes, file), bytes: bytes.length, stats };
}

function readBytes(file: string, { neverWait = false, silenceMs = SILENCE_MS }: ReadOptions) {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    // Opening a pipe would wait until somebody opens it for writing.
    const fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stats = fstatSync(fd);
      const waits = mayWait(stats);
      if (neverWait && waits) throw new ConfigError('CONFIG_UNREADABLE', NEVER_WAIT, { file });
      // Not readFileSync: a device such as /dev/zero has no end.
      for (;;) {
        const chunk = Buffer.allocUnsafe(CHUNK);
        const length = waits ? readWithin(silenceMs, fd, chunk, size === 0) : readSync(fd, chunk);
        if (length === null) throw new ConfigError('CONFIG_UNREADABLE', nothingCame(silenceMs), { file });
        if (length === 0) return { bytes: Buffer.concat(chunks), stats };
        chunks.push(chunk.subarray(0, length));
        size += length;
        if (size > LARGEST_CONFIG) break;
      }
    } finally {
      closeSync(fd);
    }
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    const remedy = REMEDIES[(cause as NodeJS.ErrnoException).code ?? ''];
    const message = `the configuration cannot be read: ${explain(cause).message}${remedy ? `; ${remedy}` : ''}`;
    throw new ConfigError('CONFIG_UNREADABLE', message, { file }, { cause });
  }
  const message = 'the configuration cannot be read: it is larger than 16 MiB; is it the right file?';
  throw new ConfigError('CONFIG_UNREADABLE', message, { file });
}

function mayWait(stats: Stats): boolean {
  return stats.isFIFO() || stats.isCharacterDevice() || stats.isSocket();
}

/** @returns how many bytes came, 0 for the end; `null`: nothing came in time, or nobody ever wrote into it. */
function readWithin(silenceMs: number, fd: number, chunk: Buffer, isFirst: boolean): number | null {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  // A pipe that nobody has opened for writing yet is at its end too.
  const isUnopened = isFirst && fstatSync(fd).isFIFO();
  for (const end = performance.now() + silenceMs; performance.now() < end; Atomics.wait(pause, 0, 0, PAUSE_MS)) {
    try {
      const length = readSync(fd, chunk);
      if (length > 0 || !isUnopened) return length;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }
  return null;
}
