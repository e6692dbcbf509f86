/** What the kernel says of processes: the only place that reads /proc for it. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The process that traces another, as a debugger does; `null`: none does, or the traced one is gone. */
export function readTracer(pid: number): number | null {
  const tracer = Number(/^TracerPid:\s*(\d+)/m.exec(readOrEmpty(`/proc/${pid}/status`))?.[1] ?? 0);
  return tracer === 0 ? null : tracer;
}

/**
 * The file in which the kernel counts its kills for want of memory in the control group of a process; where there is
 * none that can be read, the one for the whole machine.
 */
export function findOomCounter(pid: number): string {
  const groups = readOrEmpty(`/proc/${pid}/cgroup`);
  const first = /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(.*)$/m.exec(groups)?.[1];
  const second = /^0::(.*)$/m.exec(groups)?.[1];
  const files = [
    ...(first === undefined ? [] : [join('/sys/fs/cgroup/memory', first, 'memory.oom_control')]),
    ...(second === undefined ? [] : [join('/sys/fs/cgroup', second, 'memory.events')]),
  ];
  return files.find((file) => readOomKills(file) !== null) ?? '/proc/vmstat';
}

/** How many processes the kernel has killed for want of memory, by one of its files; `null`: it does not say. */
export function readOomKills(file: string): number | null {
  const kills = /^oom_kill (\d+)$/m.exec(readOrEmpty(file))?.[1];
  return kills === undefined ? null : Number(kills);
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
