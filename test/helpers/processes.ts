/** Processes as the machine shows them, for tests. */

import { readdirSync, readFileSync } from 'node:fs';

/** Every process, its parent and its state; what ends meanwhile is left out. */
export function listProcesses(): { pid: number; parent: number; state: string }[] {
  return readdirSync('/proc').flatMap((name) => {
    const [, state, parent] = /\) (\S) (\d+) /.exec(/^\d+$/.test(name) ? read(`/proc/${name}/stat`) : '') ?? [];
    return state ? [{ pid: Number(name), parent: Number(parent), state }] : [];
  });
}

/** The processes that carry a variable; zombies have none left. */
export function listMarked(variable: string, value: string): number[] {
  const carries = (pid: number) => read(`/proc/${pid}/environ`).split('\0').includes(`${variable}=${value}`);
  return listProcesses()
    .map(({ pid }) => pid)
    .filter(carries);
}

/** The zombies among the children of a process. */
export function listZombies(parent: number): number[] {
  return listProcesses()
    .filter((process) => process.parent === parent && process.state === 'Z')
    .map(({ pid }) => pid);
}

/** The memory that a process has in the machine's, in bytes; 0 where there is none. */
export function readMemory(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) * 1024;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
