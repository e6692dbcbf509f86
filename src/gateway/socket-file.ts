/** The file of the gateway's socket: what keeps it from being made, or from being safe. */

import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DirectoryError, type SupervisorError } from '../errors.js';
import { describeObstacle, findObstacle } from '../unix-socket/place.js';

const OTHERS_WRITE = 0o002;
/** Nobody may remove or rename what is another's. */
const STICKY = 0o1000;

/**
 * Looks at what is at the path.
 *
 * @throws SupervisorError `GATEWAY_UNUSABLE` when something else is there, or somebody listens
 */
export async function requirePlace(path: string): Promise<void> {
  const obstacle = await findObstacle(path);
  if (obstacle !== null) throw unusable(path, obstacle.reason, obstacle.cause);
}

/** Says that anybody could replace the core for its servers, and what to do; `null`: nobody can. */
export function findIntrusion(path: string): string | null {
  try {
    const folder = dirname(path);
    const { mode } = statSync(folder);
    if ((mode & OTHERS_WRITE) === 0 || (mode & STICKY) !== 0) return null;
    const what = `every user may write to ${folder}, and could replace ${path} with another socket`;
    return `${what}; chmod o-w the folder, or set "gateway" to another path`;
  } catch {
    // Others report what cannot be looked at.
    return null;
  }
}

/** @param reason - what stands in the way, in words or as the code of the system */
export function unusable(path: string, reason: string, cause?: unknown): SupervisorError {
  const what = `the socket for chat servers ${path} cannot be made (${describeObstacle(reason)})`;
  const remedy = 'remove what is in its place and make its folder, or set "gateway" to another path';
  return new DirectoryError('GATEWAY_UNUSABLE', what, { remedy, cause });
}
