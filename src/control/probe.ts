/** Tells a core that is not there from one that does not answer. */

import { connect } from 'node:net';
import { ControlError, DirectoryError } from '../errors.js';
import { readCoreLock } from './core-lock.js';
import { controlSocketPath } from './endpoint.js';

/**
 * Resolves when something listens on the control socket of a run directory. ZeroMQ itself would wait for ever for a
 * listener to appear.
 *
 * @throws ControlError `CORE_NOT_RUNNING`, or `CORE_SILENT` when a core holds the directory but takes no requests.
 * @throws DirectoryError `SOCKET_PATH_TOO_LONG`, or `RUN_DIR_UNUSABLE` for a directory that may not be entered.
 */
export async function probeCore(runDir: string): Promise<void> {
  const code = await tryConnect(controlSocketPath(runDir));
  if (code === null) return;
  if (code === 'EAGAIN') {
    const text = `the core serving ${runDir} takes no connections, and as many wait as may; see: mesibo-modules logs`;
    throw new ControlError('CORE_SILENT', text);
  }
  if (code !== 'ENOENT' && code !== 'ECONNREFUSED' && code !== 'ENOTDIR') {
    throw new DirectoryError(
      'RUN_DIR_UNUSABLE',
      `the core's socket in ${runDir} cannot be reached (${code}); be the user who started the core, or check --run-dir`,
    );
  }
  const lock = readCoreLock(runDir);
  if (lock.held) {
    throw new ControlError(
      'CORE_SILENT',
      `the core${lock.pid === null ? '' : ` (pid ${lock.pid})`} that holds ${runDir} is starting or stopping; try again`,
    );
  }
  throw new ControlError('CORE_NOT_RUNNING', `no core serves ${runDir}; start one with: mesibo-modules start`);
}

/** @returns the error code of the attempt, `null` when somebody listens. */
function tryConnect(path: string): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(null);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}
