/** The file descriptors of this process: how many it has, and whether they suffice for another host. */

import { readdirSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { readDescriptorLimit } from './libc.js';

/** How many descriptors are in use, of how many that this process may have. */
export interface DescriptorUse {
  inUse: number;
  limit: number;
}

/**
 * What the start of a host takes at most: its black box, its connection, its output, the pipes of a spawn. The rest stays for
 * commands that ask, or stop, a core with few descriptors.
 */
const HOST_DESCRIPTORS = 24;

/** Looks at this process; needs no descriptor itself on Linux 6.2 and later. */
export function readDescriptorUse(): DescriptorUse {
  const limit = readDescriptorLimit();
  return { limit, inUse: countDescriptors(limit) };
}

/** Whether another process may wait here for a host that may be started, and leave enough for one more. */
export function hasSpareDescriptors({ inUse, limit }: DescriptorUse): boolean {
  return limit - inUse >= 3 * HOST_DESCRIPTORS;
}

/** Why no host can be started, in words; `null`: there are descriptors enough. */
export function findDescriptorProblem({ inUse, limit }: DescriptorUse): string | null {
  if (limit - inUse >= HOST_DESCRIPTORS) return null;
  const remedy = 'raise LimitNOFILE or ulimit -n, or close some';
  return `this process is out of file descriptors (${inUse} of ${limit} in use, a start of a host needs ${HOST_DESCRIPTORS}): ${remedy}`;
}

/**
 * How many another process has; `null`: it is gone, or may not be looked at. Before Linux 6.2 all of them must be read, which this
 * does outside of the event loop.
 */
export async function countDescriptorsOf(pid: number): Promise<number | null> {
  try {
    return statSync(`/proc/${pid}/fd`).size || (await readdir(`/proc/${pid}/fd`)).length;
  } catch {
    return null;
  }
}

function countDescriptors(limit: number): number {
  try {
    return statSync('/proc/self/fd').size || readdirSync('/proc/self/fd').length;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'EMFILE' ? limit : 0;
  }
}
