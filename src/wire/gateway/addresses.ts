/** Addresses as the gateway takes them: as the public face does. */

import { ADDRESS_MAX_BYTES } from '../params.js';
import { FrameError } from './frame-error.js';

/**
 * Checks an address that came in bytes.
 *
 * @throws FrameError `MESSAGE_TOO_LARGE` for one over 64 KiB, `INVALID_ARGUMENT` for one with a NUL inside
 */
export function checkAddress(field: string, bytes: Uint8Array): void {
  if (bytes.length > ADDRESS_MAX_BYTES) {
    const limit = `more than the ${ADDRESS_MAX_BYTES} that an address may have`;
    throw new FrameError('MESSAGE_TOO_LARGE', `${field} has ${bytes.length} bytes, ${limit}`);
  }
  if (bytes.includes(0)) {
    throw new FrameError('INVALID_ARGUMENT', `${field} has a NUL inside, where a C string would end`);
  }
}
