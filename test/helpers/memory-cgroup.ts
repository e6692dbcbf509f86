/** A control group that limits memory, where this machine lets us make one. */

import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Version 1 has the memory controller in a hierarchy of its own, version 2 in the single one. */
const ROOTS = [
  { root: '/sys/fs/cgroup/memory', limit: 'memory.limit_in_bytes' },
  { root: '/sys/fs/cgroup', limit: 'memory.max' },
];

/** An own control group. */
export interface MemoryCgroup {
  /** Moves a process into it. */
  add(pid: number): void;
  /** Takes it away; no process may be left in it. */
  remove(): void;
}

/** Makes one with a limit in bytes; `null` where that is not allowed. */
export function makeMemoryCgroup(limitBytes: number): MemoryCgroup | null {
  for (const { root, limit } of ROOTS) {
    const path = join(root, `mesibo-modules-test-${process.pid}`);
    try {
      mkdirSync(path);
    } catch {
      continue;
    }
    const remove = () => rmdirSync(path);
    try {
      writeFileSync(join(path, limit), `${limitBytes}`, { flag: 'r+' });
      return { add: (pid) => writeFileSync(join(path, 'cgroup.procs'), `${pid}`), remove };
    } catch {
      remove();
    }
  }
  return null;
}
