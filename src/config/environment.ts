/** The environment of a module's process as it is written in a configuration: names, patterns, the umask. */

import { UnitError } from './units.js';

/** The core tells a host by these what it needs to know, and finds leftover processes by them. */
const RESERVED = new Set([
  'MESIBO_LISTEN',
  'MESIBO_TOKEN',
  'MESIBO_RUN_ID',
  'MESIBO_CORE_PID',
  'MESIBO_EXTRA_CA_CERTS',
  'MESIBO_GIVEN_TUNABLES',
]);

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const PATTERN = /^(?:[A-Za-z_][A-Za-z0-9_]*\*?|\*)$/;

/** Of name, `=`, value and a NUL together; Linux starts no process with a longer one (MAX_ARG_STRLEN, execve(2)). */
const MAX_VARIABLE_BYTES = 128 * 1024;

/** Says what is wrong with an environment variable; `null` when it is good. */
export function findPairProblem(name: string, value: string): string | null {
  const problem = findVariableProblem(name);
  const bytes = Buffer.byteLength(name) + Buffer.byteLength(value) + 2;
  if (problem !== null || bytes <= MAX_VARIABLE_BYTES) return problem;
  return `expected a shorter value: it has ${Buffer.byteLength(value)} bytes, and the system takes 128 KiB with the name`;
}

/** Says what is wrong with the name of an environment variable; `null` when it is good. */
export function findVariableProblem(name: string): string | null {
  if (RESERVED.has(name)) return 'expected another name: the core itself sets this one';
  if (name.length <= MAX_VARIABLE_BYTES && NAME.test(name)) return null;
  return 'expected the name of an environment variable: A-Z a-z 0-9 _, and no digit first';
}

/**
 * Reads the names of variables that are passed on: `LC_*, SSL_CERT_FILE`. One that ends in `*` stands for all that
 * begin so. `none` is an empty list.
 *
 * @throws UnitError when one of them cannot be a name.
 */
export function parsePassEnv(text: string): string[] {
  if (text === 'none') return [];
  const names = text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const wrong = names.find((name) => !isPassable(name));
  if (wrong === undefined) return names;
  throw new UnitError('expected names of environment variables, such as APP_HOME, LC_*, or none');
}

/** Whether variables may be passed on by this name or pattern. */
export function isPassable(pattern: string): boolean {
  return pattern.length <= MAX_VARIABLE_BYTES && PATTERN.test(pattern) && !RESERVED.has(pattern);
}

/** Whether one of the names or patterns stands for a variable. */
export function isPassed(name: string, patterns: readonly string[]): boolean {
  if (RESERVED.has(name)) return false;
  return patterns.some((pattern) => {
    return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
  });
}

/**
 * Reads a umask in octal digits: `027`, or `inherit` for that of the core.
 *
 * @throws UnitError when it is anything else.
 */
export function parseUmask(text: string): number | null {
  if (text === 'inherit') return null;
  if (/^0?[0-7]{3}$/.test(text)) return Number.parseInt(text, 8);
  throw new UnitError('expected three octal digits, such as 027, or inherit');
}

/** Writes a umask as {@link parseUmask} reads it. */
export function formatUmask(umask: number | null): string {
  return umask === null ? 'inherit' : umask.toString(8).padStart(3, '0');
}
