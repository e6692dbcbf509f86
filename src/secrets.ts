/** The secrets that settings name by their files, and what makes one too weak to be used. */

import { counted } from './counted.js';
import { SupervisorError } from './errors.js';
import { readSecretFile } from './secret-file.js';
import { quoteWord } from './sentence.js';

/** A shorter one could be found out. */
const MIN_BYTES = 16;
/** What a secret begins with that is the base64 of a key. */
const ENCODED = 'whsec_';

/**
 * The token that callers over HTTP need.
 *
 * @throws DirectoryError `SECRET_UNUSABLE` for the file
 * @throws SupervisorError `CONFIG_VALUE` for one that is too short, which is not shown
 */
export function readToken(file: string): string {
  const token = readSecretFile(file, 'http_token');
  if (token.length >= MIN_BYTES) return token;
  const what = `http_token: the first line of ${file} has ${counted(token.length, 'byte')}, but needs at least ${MIN_BYTES}`;
  const make = `(umask 077; head -c 24 /dev/urandom | base64 > ${quoteWord(file)})`;
  throw new SupervisorError('CONFIG_VALUE', what, { remedy: `make another token: ${make}` });
}

/**
 * The key that the webhook signs with.
 *
 * @throws DirectoryError `SECRET_UNUSABLE` for the file
 * @throws SupervisorError `CONFIG_VALUE` for one that is of no use, which is not shown
 */
export function readWebhookKey(file: string): Buffer {
  return keyOf(readSecretFile(file, 'webhook_secret'), file);
}

/**
 * The key that a secret of the webhook means: the bytes after `whsec_` in base64, or the secret as it is.
 *
 * @param file - where it was read, for the words
 * @throws SupervisorError `CONFIG_VALUE`
 */
export function keyOf(secret: string, file: string): Buffer {
  const encoded = secret.startsWith(ENCODED) ? secret.slice(ENCODED.length) : null;
  const key = encoded === null ? Buffer.from(secret) : Buffer.from(encoded, 'base64');
  // Node accepts anything as base64, and other receivers of the secret would get another key.
  if (encoded !== null && key.toString('base64') !== encoded) {
    throw badKey(`the first line of ${file} begins with ${ENCODED}, and what follows is not base64`);
  }
  if (key.length >= MIN_BYTES) return key;
  throw badKey(
    `the first line of ${file} makes a key of ${counted(key.length, 'byte')}, but needs at least ${MIN_BYTES}`,
  );
}

function badKey(what: string): SupervisorError {
  const remedy = 'make another secret, for example with "openssl rand -base64 32"';
  return new SupervisorError('CONFIG_VALUE', `webhook_secret: ${what}`, { remedy });
}

/** Says why a secret cannot be used, for somebody who need not be the user of the core; `null` when nothing speaks against it. */
export function findSecretProblem(file: string, setting: 'http_token' | 'webhook_secret'): string | null {
  try {
    if (setting === 'http_token') readToken(file);
    else readWebhookKey(file);
    return null;
  } catch (error) {
    if (error instanceof SupervisorError) return `${error.what}; ${error.remedy ?? ''}`;
    throw error;
  }
}
