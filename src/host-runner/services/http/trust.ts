/** The certificates that make https servers trusted. */

import { readFileSync } from 'node:fs';
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';

let trusted: SecureContext | undefined;

/**
 * The certificates of Node, and those in the file that MESIBO_EXTRA_CA_CERTS names; `undefined`: only those of Node. The core
 * passes its NODE_EXTRA_CA_CERTS to hosts under this name. Under the original name, Node would read the file at the start
 * of every host, and that takes longer than the rest of the start. Here it is read once, for the first https server.
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
