/** Where the control socket of a core is. */

import { join } from 'node:path';
import { DirectoryError } from '../errors.js';

/** `sun_path` holds 108 bytes with its terminating NUL (unix(7)). */
const MAX_SOCKET_PATH_BYTES = 107;

/**
 * The path of the control socket in a run directory.
 *
 * @throws DirectoryError `SOCKET_PATH_TOO_LONG`.
 */
export function controlSocketPath(runDir: string): string {
  const path = join(runDir, 'control.sock');
  const length = Buffer.byteLength(path);
  if (length <= MAX_SOCKET_PATH_BYTES) return path;
  throw new DirectoryError(
    'SOCKET_PATH_TOO_LONG',
    `the socket path ${path} has ${length} bytes and the system allows ${MAX_SOCKET_PATH_BYTES}`,
    { remedy: 'choose a shorter run directory with --run-dir' },
  );
}
