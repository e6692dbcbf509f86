/** What the kernel counts of a process: CPU time and how often its threads went to sleep. */

import { readdirSync, readFileSync } from 'node:fs';

/** Microseconds of CPU that all threads of a process have used; 0 once it is gone. */
export function cpuMicros(pid: number): number {
  // To the nanosecond, unlike /proc/PID/stat, which counts hundredths of a second.
  return sumOfThreads(pid, 'schedstat', (text) => Number(text.split(' ')[0]) / 1000);
}

/** How often threads of the process waited for something. Each time one of them was woken up again. */
export function wakeUps(pid: number): number {
  return sumOfThreads(pid, 'status', (text) => Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(text)?.[1] ?? 0));
}

function sumOfThreads(pid: number, file: string, read: (text: string) => number): number {
  let sum = 0;
  for (const thread of listThreads(pid)) {
    try {
      sum += read(readFileSync(`/proc/${pid}/task/${thread}/${file}`, 'latin1'));
    } catch {
      // The thread has just ended.
    }
  }
  return sum;
}

function listThreads(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}
