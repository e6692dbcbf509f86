/** The certificates by which https servers are trusted. */

import { readFileSync } from 'node:fs';
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';

let trusted: SecureContext | undefined;

/**
 * The certificates of Node and those of a file that MESIBO_EXTRA_CA_CERTS names; `undefined`: Node's alone. A core hands
 * its NODE_EXTRA_CA_CERTS on under that name: under its own Node would read it at the start of every host, which takes
 * longer than the rest of that start. Here it is read once, for the first https server.
 */
export function trustedCertificates(): SecureContext | undefined {
  const file = process.env.MESIBO_EXTRA_CA_CERTS;
  if (!file || trusted) return trusted;
  try {
    trusted = createSecureContext({ ca: [...rootCertificates, readFileSync(file, 'latin1')] });
  } catch (error) {
    process.emitWarning(`NODE_EXTRA_CA_CERTS of the core cannot be used: ${(error as Error).message}`);
    trusted = createSecureContext();
  }
  return trusted;
}
