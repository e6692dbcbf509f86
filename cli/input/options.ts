/** Options as typed, turned into values. */

import { readFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { isatty } from 'node:tty';
import { type Command, InvalidArgumentError } from 'commander';
import { type Directories, resolveDirectories } from '../../src/directories.js';
import { SupervisorError } from '../../src/errors.js';
import { MomentError, parseMoment } from '../../src/logs/moment.js';
import { UsageError } from '../terminal/io.js';

/** The options that every command takes. */
export interface GlobalOptions {
  runDir?: string;
  stateDir?: string;
}

const MAX_U64 = 0xffffffffffffffffn;
const MIN_WATCH_SECONDS = 0.1;
const MAX_WAIT_MS = 24 * 60 * 60 * 1000;

/** Whether an option was typed, and does not only have its default. */
export function isGiven(command: Command, name: string): boolean {
  return command.getOptionValueSource(name) === 'cli';
}

/** The directories that the options and the environment name. */
export function directoriesOf({ runDir, stateDir }: GlobalOptions): Directories {
  if (runDir === '' || stateDir === '') throw new UsageError('--run-dir and --state-dir need the path of a directory');
  const uid = process.getuid?.() ?? 0;
  return resolveDirectories({ runDir, stateDir, env: process.env, uid, home: findHome(), tmp: tmpdir() });
}

/** @returns `null` without HOME, for a user whom the system does not know, as in many containers */
function findHome(): string | null {
  try {
    return homedir();
  } catch {
    return null;
  }
}

/**
 * Reads an unsigned 64-bit integer, decimal or with 0x.
 *
 * @throws InvalidArgumentError for anything else.
 */
export function parseU64(text: string): bigint {
  const value = /^(?:\d+|0[xX][0-9a-fA-F]+)$/.test(text) ? BigInt(text) : null;
  if (value !== null && value <= MAX_U64) return value;
  throw new InvalidArgumentError('Expected an integer from 0 to 18446744073709551615, decimal or 0x hexadecimal.');
}

/**
 * Adds KEY=VALUE to those given before. With spaces around the key, as in a file, those around the value do not count either.
 *
 * @throws InvalidArgumentError for anything else.
 */
export function collectPairs(text: string, before: [string, string][]): [string, string][] {
  const equals = text.indexOf('=');
  const [written, value] = [text.slice(0, Math.max(equals, 0)), text.slice(equals + 1)];
  const key = written.trim();
  if (key === '') throw new InvalidArgumentError('Expected KEY=VALUE.');
  return [...before, [key, key === written ? value : value.trim()]];
}

/**
 * Reads a number of lines.
 *
 * @throws InvalidArgumentError for anything but a decimal integer.
 */
export function parseCount(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected a whole number from 0 to 999999999.');
}

/**
 * Reads a moment, as `10m` ago or `08:15`, into milliseconds since the epoch.
 *
 * @throws InvalidArgumentError for anything else.
 */
export function parsePast(text: string): number {
  try {
    return parseMoment(text, Date.now());
  } catch (error) {
    throw error instanceof MomentError ? new InvalidArgumentError(error.message) : error;
  }
}

/**
 * Reads a time in milliseconds, up to a day.
 *
 * @throws InvalidArgumentError for anything else.
 */
export function parseWait(text: string): number {
  const value = /^\d{1,8}$/.test(text) ? Number(text) : Number.NaN;
  if (value <= MAX_WAIT_MS) return value;
  throw new InvalidArgumentError(`Expected milliseconds, from 0 to ${MAX_WAIT_MS}.`);
}

/**
 * Reads a time in seconds, at least a tenth of one.
 *
 * @throws InvalidArgumentError for anything else.
 */
export function parseSeconds(text: string): number {
  const value = /^\d{1,5}(?:\.\d{1,3})?$/.test(text) ? Number(text) : Number.NaN;
  if (value >= MIN_WATCH_SECONDS) return value;
  throw new InvalidArgumentError(`Expected seconds, from ${MIN_WATCH_SECONDS} on.`);
}

/**
 * The message to send: the argument, the file, or what standard input holds.
 *
 * @throws UsageError when there is none, or more than one.
 * @throws SupervisorError `INVALID_ARGUMENT` when it cannot be read.
 */
export async function readPayload(text: string | undefined, file: string | undefined): Promise<Buffer> {
  if (text !== undefined && file !== undefined) throw new UsageError('give either TEXT or --file, not both');
  if (text !== undefined) return Buffer.from(text);
  if (file === undefined && isatty(0)) {
    throw new UsageError('no message: give TEXT, --file FILE, or the message on standard input');
  }
  try {
    return file === undefined ? Buffer.concat(await process.stdin.toArray()) : readFileSync(file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new SupervisorError('INVALID_ARGUMENT', `${file ?? 'standard input'} cannot be read (${code ?? message})`);
  }
}
