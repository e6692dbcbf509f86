/** Where the control socket of a core is. */

import { join } from 'node:path';
import { requireShort } from '../unix-socket/path.js';

/**
 * The path of the control socket in a run directory.
 *
 * @throws DirectoryError `SOCKET_PATH_TOO_LONG`.
 */
export function controlSocketPath(runDir: string): string {
  return requireShort(join(runDir, 'control.sock'), 'choose a shorter run directory with --run-dir');
}
