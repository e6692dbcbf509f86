/** How a receiver knows who sent what it gets, by the rules of Standard Webhooks: pure. */

import { createHmac } from 'node:crypto';
import { SupervisorError } from '../errors.js';

/** What a secret begins with that is the base64 of a key. */
const ENCODED = 'whsec_';
/** A shorter one could be found out. */
const MIN_BYTES = 16;

/**
 * The key that a secret means: the bytes after `whsec_` in base64, or the secret as it is.
 *
 * @param file - where it was read, for the words
 * @throws SupervisorError `CONFIG_VALUE` for one that is too short, which is not shown
 */
export function readKey(secret: string, file: string): Buffer {
  const isEncoded = secret.startsWith(ENCODED);
  const key = isEncoded ? Buffer.from(secret.slice(ENCODED.length), 'base64') : Buffer.from(secret);
  if (key.length >= MIN_BYTES) return key;
  const what = `webhook_secret: the first line of ${file} makes a key of ${key.length} bytes, and ${MIN_BYTES} are the least`;
  throw new SupervisorError('CONFIG_VALUE', what, { remedy: 'make another secret, as by "openssl rand -base64 32"' });
}

/** What is sent of a message. */
export interface Signed {
  id: string;
  /** Seconds since 1970. */
  timestamp: number;
  body: string;
}

/** The headers that name, date and sign it. */
export function signatureHeaders(key: Buffer, { id, timestamp, body }: Signed): Record<string, string> {
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': `${timestamp}`, 'webhook-signature': `v1,${signature}` };
}
