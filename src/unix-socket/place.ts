/** Whether the file of a unix socket may be made where it shall be. */

import { lstatSync, type Stats, statSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';

/** Nobody may remove or rename what is another's. */
const STICKY = 0o1000;

/** What stands in the way, in words or as the code of the system. */
export interface Obstacle {
  reason: string;
  cause?: unknown;
}

/**
 * Looks at what is at the path. A socket that nobody listens on is left over from a core that was killed.
 *
 * @returns `null`: a socket may be made there
 */
export async function findObstacle(path: string): Promise<Obstacle | null> {
  let info: Stats | undefined;
  try {
    info = lstatSync(path, { throwIfNoEntry: false });
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    return { reason: code ?? message, cause };
  }
  if (info === undefined) return null;
  if (!info.isSocket()) return { reason: 'something that is not a socket is there' };
  const code = await tryConnect(path);
  const isLeft = code === 'ECONNREFUSED' || code === 'ENOENT';
  if (code === 'EACCES' || (isLeft && isKept(path, info))) return { reason: 'a socket of another user is there' };
  if (code === null) return { reason: 'another process listens there' };
  return isLeft ? null : { reason: code };
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

/** In words. */
export function describeObstacle(reason: string): string {
  return REASONS[reason] ?? reason;
}

/** Whether only its own user may remove it, or the one of its folder: both are others. */
function isKept(path: string, { uid }: Stats): boolean {
  const user = process.geteuid?.();
  if (user === 0 || uid === user) return false;
  const folder = statSync(dirname(path), { throwIfNoEntry: false });
  return folder !== undefined && (folder.mode & STICKY) !== 0 && folder.uid !== user;
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
