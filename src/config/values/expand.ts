/** Puts variables of the environment into values: pure. */

import { ConfigError } from '../../errors.js';
import type { Pair } from '../parser.js';
import { showKey } from '../text.js';
import { isSecretName } from './secret-name.js';

/** The environment of the process that reads the configuration. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** What a value means. */
interface Expanded {
  value: string;
  /** One of its variables has the name of a secret. */
  isSecret: boolean;
}

/** A variable that cannot be put in; the message says why, and goes on behind "found X for KEY, ". A default is never shown. */
class ExpansionError extends Error {
  readonly found: string;

  constructor(found: string, message: string) {
    super(message);
    this.found = found;
  }
}

/** `$${`, or `${` with what stands between it and its brace, if it has one. */
const REFERENCE = /\$\$\{|\$\{([^{}]*)(\}?)/g;
/** Of all variables in one value; a file of a value may have as much. */
const MOST_ADDED = 1024 * 1024;
const NAMED = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s;

/**
 * Replaces `${NAME}` and `${NAME:-default}`, and makes `$${` a plain `${`. What comes from a variable stays as it is.
 *
 * @param who - begins the messages of errors
 * @param options - `isPath`: a variable may not be empty
 * @throws ConfigError `CONFIG_VALUE` for a variable that is not set, and for a `${` of another form
 */
export function expandPair(pair: Pair, variables: Variables, who = '', { isPath = false } = {}): Pair {
  if (!pair.value.includes('${')) return pair;
  try {
    const { value, isSecret } = expand(
      pair.value,
      (name) => (Object.hasOwn(variables, name) ? variables[name] : undefined),
      { isSecret: isSecretName(pair.key), isPath },
    );
    return { ...pair, value, literal: literalOf(pair.value), ...(isSecret && { isHidden: true as const }) };
  } catch (error) {
    if (!(error instanceof ExpansionError)) throw error;
    const message = `${who}found ${error.found} for ${showKey(pair.key)}, ${error.message}`;
    throw new ConfigError('CONFIG_VALUE', message, pair.position);
  }
}

function expand(
  written: string,
  lookUp: (name: string) => string | undefined,
  of = { isSecret: false, isPath: false },
): Expanded {
  let isSecret = false;
  let added = 0;
  const value = written.replace(REFERENCE, (found: string, inner: string | undefined, end: string | undefined) => {
    if (inner === undefined) return '${';
    if (end === '') throw new ExpansionError('${', MISSING_BRACE);
    const [, name, otherwise] = NAMED.exec(inner) ?? [];
    if (name === undefined) throw new ExpansionError('${...}', EXPECTED);
    const given = lookUp(name);
    // As in a shell: one that is set and empty has no value either.
    const value = otherwise === undefined || given ? given : otherwise;
    if (value === undefined) {
      // Within a secret, what looks like a variable may be a part of it.
      if (of.isSecret && found !== written && /[a-z]/.test(name)) throw new ExpansionError('${...}', NOT_SET);
      const remedy = `set it for the process that reads this file, or write a default: \${${name}:-value}`;
      throw new ExpansionError(`\${${name}}`, `but the environment has no variable ${name}; ${remedy}`);
    }
    // `${DIR}/file` would become the path of another file.
    if (value === '' && of.isPath) {
      throw new ExpansionError(
        `\${${name}}`,
        'which is empty; a part of a path cannot be, so set it or write a default',
      );
    }
    isSecret ||= isSecretName(name);
    added += value.length;
    if (added > MOST_ADDED) throw new ExpansionError('${...}', 'expected less: its variables give more than 1 MiB');
    return value;
  });
  return { value, isSecret };
}

const FORMS = `$\{NAME} or $\{NAME:-default} (a $\{ that is meant as it stands is written $$\{)`;
const EXPECTED = `expected ${FORMS}`;
const NOT_SET = `but the environment has no variable of that name (a $\{ that is meant as it stands is written $$\{)`;
const MISSING_BRACE = `expected the } of ${FORMS}; a default has no { and }`;

/** The part of a value that stands in its file: without the values of its variables, but with their defaults. */
function literalOf(written: string): string {
  return expand(written, () => '').value;
}
