/** Whether the file of the gateway's socket may be made where it shall be. */

import { lstatSync, type Stats, statSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { DirectoryError, type SupervisorError } from '../errors.js';

const OTHERS_WRITE = 0o002;
/** Nobody may remove or rename what is another's. */
const STICKY = 0o1000;

/**
 * Looks at what stands at the path. A socket that nobody listens on is left over from a core that was killed.
 *
 * @throws SupervisorError `GATEWAY_UNUSABLE` when something else is there, or somebody listens
 */
export async function requirePlace(path: string): Promise<void> {
  const info = lookAt(path);
  if (info === undefined) return;
  if (!info.isSocket()) throw unusable(path, 'something that is no socket is there');
  const code = await tryConnect(path);
  const isLeft = code === 'ECONNREFUSED' || code === 'ENOENT';
  if (code === 'EACCES' || (isLeft && isKept(path, info))) throw unusable(path, 'a socket of another user is there');
  if (code === null) throw unusable(path, 'another process listens there');
  if (!isLeft) throw unusable(path, code);
}

/** Whether only its own user may remove it, or the one of its folder: both are others. */
function isKept(path: string, { uid }: Stats): boolean {
  const user = process.geteuid?.();
  if (user === 0 || uid === user) return false;
  const folder = statSync(dirname(path), { throwIfNoEntry: false });
  return folder !== undefined && (folder.mode & STICKY) !== 0 && folder.uid !== user;
}

/** Says that anybody can take the place of the core for its servers, and what to do; `null`: not so. */
export function findIntrusion(path: string): string | null {
  try {
    const folder = dirname(path);
    const { mode } = statSync(folder);
    if ((mode & OTHERS_WRITE) === 0 || (mode & STICKY) !== 0) return null;
    const what = `every user may write to ${folder}, and so put a socket of his own in the place of ${path}`;
    return `${what}; chmod o-w the folder, or set "gateway" to another path`;
  } catch {
    // What cannot be looked at is for others to tell.
    return null;
  }
}

/** @throws SupervisorError `GATEWAY_UNUSABLE` */
function lookAt(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw unusable(path, code ?? message, cause);
  }
}

/** Of the system's errors, those that an operator meets. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'its folder does not exist',
  ENOTDIR: 'a part of its path is a file and no folder',
  EACCES: 'this user may not use its folder',
  EPERM: 'this user may not use its folder',
  EROFS: 'its folder can only be read',
  ELOOP: 'its path has links that lead in a circle',
  ENAMETOOLONG: 'a name in its path is too long',
  ENOSPC: 'its disk is full',
};

/** @param reason - what stands in the way, in words or as the code of the system */
export function unusable(path: string, reason: string, cause?: unknown): SupervisorError {
  const what = `the socket for chat servers ${path} cannot be made (${REASONS[reason] ?? reason})`;
  const remedy = 'remove what is in its place and make its folder, or set "gateway" to another path';
  return new DirectoryError('GATEWAY_UNUSABLE', what, { remedy, cause });
}

/** @returns the error code of the attempt; `null`: somebody listens */
function tryConnect(path: string): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(null);
    });
    socket.once('error', ({ code, message }: NodeJS.ErrnoException) => resolve(code ?? message));
  });
}
