/** The options of a client, checked and complete. */

import { join } from 'node:path';
import { MessageError, SupervisorError } from '../errors.js';
import type { ClientOptions, SendHandler } from './types.js';

/** The system allows no longer path of a socket. */
const MAX_PATH_BYTES = 107;
const SERVER = /^[A-Za-z0-9_.-]{1,64}$/;

export interface Settings {
  path: string;
  server: string;
  takesSends: boolean;
  onSend: SendHandler | null;
  sendWindow: number;
  /** `null`: from what the core says. */
  deadlineMs: number | null;
  verdict: 'pass' | 'consumed';
  maxWaiting: number;
  maxWaitingBytes: number;
  maxRetryMs: number;
}

/**
 * @throws {MessageError} `INVALID_ARGUMENT` for an option that cannot be used
 * @throws SupervisorError `SOCKET_PATH_TOO_LONG`
 */
export function settingsOf(options: ClientOptions): Settings {
  const { onSend = null, onUnreachable = 'pass', server } = options;
  if (typeof server !== 'string' || !SERVER.test(server)) {
    throw refused('server', server, 'give 1 to 64 of the characters A-Z a-z 0-9 _ . -');
  }
  if (onUnreachable !== 'pass' && onUnreachable !== 'consume') {
    throw refused('onUnreachable', onUnreachable, 'give pass or consume');
  }
  const takesSends = options.takesSends ?? onSend !== null;
  if (takesSends && !onSend) throw refused('onSend', onSend, 'give a function, as takesSends is set');
  return {
    path: pathOf(options),
    server,
    takesSends,
    onSend,
    sendWindow: whole('sendWindow', options.sendWindow, 64),
    deadlineMs: options.deadlineMs === undefined ? null : whole('deadlineMs', options.deadlineMs, 0),
    verdict: onUnreachable === 'consume' ? 'consumed' : 'pass',
    maxWaiting: whole('maxWaiting', options.maxWaiting, 10_000),
    maxWaitingBytes: whole('maxWaitingBytes', options.maxWaitingBytes, 64 * 1024 * 1024),
    maxRetryMs: whole('maxRetryMs', options.maxRetryMs, 1_000),
  };
}

function pathOf({ path, runDir }: ClientOptions): string {
  if ((path === undefined) === (runDir === undefined)) {
    throw refused('path', path, 'give path or runDir, and only one of them');
  }
  const [name, given] = path === undefined ? ['runDir', runDir] : ['path', path];
  if (typeof given !== 'string' || given.includes('\0') || !given.isWellFormed()) {
    throw refused(name as string, given, 'give the name of a file, without NULs and halves of surrogate pairs');
  }
  const found = path ?? join(runDir as string, 'gateway.sock');
  const length = Buffer.byteLength(found);
  if (length <= MAX_PATH_BYTES) return found;
  throw new SupervisorError(
    'SOCKET_PATH_TOO_LONG',
    `${found} has ${length} bytes; the system allows ${MAX_PATH_BYTES}`,
  );
}

function whole(name: string, value: number | undefined, usual: number): number {
  if (value === undefined) return usual;
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw refused(name, value, 'give a whole number from 1 on');
}

function refused(name: string, value: unknown, remedy: string): MessageError {
  return new MessageError('INVALID_ARGUMENT', `the option ${name} is ${JSON.stringify(value) ?? 'missing'}`, {
    remedy,
  });
}
