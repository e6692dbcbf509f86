/** What the kernel says of processes: the only place that reads /proc for it. */

import { readFileSync } from 'node:fs';

/** The process that traces another, as a debugger does; `null`: none does, or the traced one is gone. */
export function readTracer(pid: number): number | null {
  const tracer = Number(/^TracerPid:\s*(\d+)/m.exec(readOrEmpty(`/proc/${pid}/status`))?.[1] ?? 0);
  return tracer === 0 ? null : tracer;
}

/** How many processes the kernel has killed for want of memory since the machine started; `null`: it does not say. */
export function readOomKills(): number | null {
  const kills = /^oom_kill (\d+)$/m.exec(readOrEmpty('/proc/vmstat'))?.[1];
  return kills === undefined ? null : Number(kills);
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
