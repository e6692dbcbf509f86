/** Where servers connect, as it was written. Pure. */

import { resolve } from 'node:path';

/** @param base - the folder that a relative path is relative to */
export function resolveGateway(written: string, base: string): string {
  return written === 'auto' || written === 'off' ? written : resolve(base, written);
}
