/** Finds out whether a core is absent or only does not answer. */

import { connect, type Socket } from 'node:net';
import { ControlError, DirectoryError } from '../../errors.js';
import { coreCommand, sentence } from '../../sentence.js';
import { type NamedCore, readCoreLock } from '../core-lock.js';
import { controlSocketPath } from '../endpoint.js';
import { enterRunDir, requireSocket, unreachable } from '../entry.js';

/**
 * Connects to the listener on the control socket of a run directory.
 *
 * @returns a connection that is not read from yet
 * @throws ControlError `CORE_NOT_RUNNING`, or `CORE_SILENT` when a core holds the directory but takes no requests.
 * @throws DirectoryError `SOCKET_PATH_TOO_LONG`, or `RUN_DIR_UNUSABLE` for a directory that may not be entered.
 */
export async function reachCore(runDir: string): Promise<Socket> {
  // Its length, as the core sees it; the client itself comes by the open directory.
  controlSocketPath(runDir);
  const { socket, code } = await tryConnect(runDir);
  if (socket !== null && code === null) return socket;
  if (code === 'EAGAIN') {
    throw new ControlError(
      'CORE_SILENT',
      `the core serving ${runDir} takes no connections, and its queue of connections is full`,
      {
        remedy: sentence`see: ${coreCommand('logs')}`,
      },
    );
  }
  if (code !== 'ENOENT' && code !== 'ECONNREFUSED' && code !== 'ENOTDIR') throw unreachable(runDir, code ?? undefined);
  const { held, named } = await readCoreLock(runDir);
  if (held && named.kind === 'bare') throw withoutControl(runDir, named);
  if (held) {
    throw new ControlError(
      'CORE_SILENT',
      `the core${named.pid === null ? '' : ` (pid ${named.pid})`} that holds ${runDir} is starting or stopping`,
      { remedy: 'try again' },
    );
  }
  throw new ControlError('CORE_NOT_RUNNING', `no core serves ${runDir}`, {
    remedy: sentence`start one with: ${coreCommand('start')}`,
  });
}

/**
 * Lets a command that needs no connection fail as all others do, where a supervisor without control socket holds the directory.
 *
 * @throws ControlError `CORE_WITHOUT_CONTROL`; DirectoryError as {@link reachCore}
 */
export async function refuseWithoutControl(runDir: string): Promise<void> {
  const { held, named } = await readCoreLock(runDir);
  if (held && named.kind === 'bare') throw withoutControl(runDir, named);
}

function withoutControl(runDir: string, { pid }: NamedCore): ControlError {
  const who = `the core${pid === null ? '' : ` with pid ${pid}`} that holds ${runDir}`;
  const what = `${who} is a Supervisor in a program: it has no control socket and no log files, so no command reaches it`;
  const remedy = 'ask that program, or let it use Core in place of Supervisor';
  return new ControlError('CORE_WITHOUT_CONTROL', what, { remedy });
}

/** @returns the error code of the attempt; `null` when somebody listens. */
async function tryConnect(runDir: string): Promise<{ socket: Socket | null; code: string | null }> {
  const entry = enterRunDir(runDir);
  if (entry === null) return { socket: null, code: 'ENOENT' };
  try {
    requireSocket(entry, runDir, 'control.sock');
    return await new Promise((resolve) => {
      const socket = connect(entry.at('control.sock'));
      const refused = ({ code, message }: NodeJS.ErrnoException) => resolve({ socket, code: code ?? message });
      socket.once('error', refused);
      socket.once('connect', () => {
        socket.off('error', refused);
        resolve({ socket, code: null });
      });
    });
  } catch (error) {
    if (error instanceof DirectoryError) throw error;
    return { socket: null, code: (error as NodeJS.ErrnoException).code ?? null };
  } finally {
    entry.close();
  }
}
