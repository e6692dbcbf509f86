/** The control groups of this process, from what the kernel says of them: pure. */

import { join, relative } from 'node:path';

/** A control group, where its files are. */
export interface GroupPlace {
  version: 1 | 2;
  directory: string;
  /** Where its hierarchy is mounted. */
  mount: string;
}

/** The controllers that limit what a host uses. */
export type Controller = 'memory' | 'pids';

interface Mount {
  root: string;
  point: string;
  type: string;
  options: string[];
}

/**
 * Where the control groups of a process are: of version 1 for each controller, and the one of version 2.
 *
 * @param groups - as of /proc/self/cgroup
 * @param mounts - as of /proc/self/mountinfo
 * @see cgroups(7), proc(5)
 */
export function findHierarchies(
  groups: string,
  mounts: string,
): Record<Controller, GroupPlace | null> & { unified: GroupPlace | null } {
  const mounted = mounts
    .split('\n')
    .map(parseMount)
    .filter((mount) => mount !== null);
  const place = (version: 1 | 2, mount: Mount | undefined, path: string | undefined): GroupPlace | null => {
    if (mount === undefined || path === undefined) return null;
    const below = relative(mount.root, path);
    // A group outside of what is mounted cannot be reached.
    if (below.startsWith('..')) return null;
    return { version, directory: join(mount.point, below), mount: mount.point };
  };
  const first = (controller: Controller) =>
    place(
      1,
      mounted.find(({ type, options }) => type === 'cgroup' && options.includes(controller)),
      new RegExp(`^[1-9]\\d*:(?:[^:]*,)?${controller}(?:,[^:]*)?:(.*)$`, 'm').exec(groups)?.[1],
    );
  const unified = place(
    2,
    mounted.find(({ type }) => type === 'cgroup2'),
    /^0::(.*)$/m.exec(groups)?.[1],
  );
  return { memory: first('memory'), pids: first('pids'), unified };
}

/** Behind the mount point come its options and any number of tags, up to a dash. */
const MOUNT = /^\d+ \d+ \S+ (\S+) (\S+) \S+ .*?- (\S+) \S+ (\S+)$/;

function parseMount(line: string): Mount | null {
  const [, root, point, type, options] = MOUNT.exec(line) ?? [];
  if (root === undefined || point === undefined || type === undefined || options === undefined) return null;
  return { root: unescapePath(root), point: unescapePath(point), type, options: options.split(',') };
}

/** The kernel writes white space as octal numbers. */
function unescapePath(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, digits) => String.fromCharCode(Number.parseInt(digits, 8)));
}
