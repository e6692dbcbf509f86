/** Paths of unix sockets. Pure. */

import { DirectoryError } from '../errors.js';

/** `sun_path` holds 108 bytes with its terminating NUL (unix(7)). */
const MAX_SOCKET_PATH_BYTES = 107;

/**
 * @param remedy - how a shorter one is had
 * @throws DirectoryError `SOCKET_PATH_TOO_LONG`.
 */
export function requireShort(path: string, remedy: string): string {
  const length = Buffer.byteLength(path);
  if (length <= MAX_SOCKET_PATH_BYTES) return path;
  throw new DirectoryError(
    'SOCKET_PATH_TOO_LONG',
    `the socket path ${path} has ${length} bytes and the system allows ${MAX_SOCKET_PATH_BYTES}`,
    { remedy },
  );
}
