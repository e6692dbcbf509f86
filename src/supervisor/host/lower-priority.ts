/** Gives a process less of a busy CPU than others. */

import { readdirSync, writeFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';

const NICE = constants.priority.PRIORITY_BELOW_NORMAL;

/** Nobody waits for a shadow, so its process gives way to those that somebody waits for. */
export function lowerPriority(pid: number): void {
  // Priorities are of threads. The process has some already, and those that it makes later get theirs from these.
  for (const thread of threadsOf(pid)) attempt(() => setPriority(thread, NICE));
  // On most systems each session has a share of the CPU of its own, and priorities count within it only. A host is a session.
  attempt(() => writeFileSync(`/proc/${pid}/autogroup`, `${NICE}`));
}

function threadsOf(pid: number): number[] {
  return attempt(() => readdirSync(`/proc/${pid}/task`).map(Number)) ?? [];
}

/** It may have just ended, or run as another user; and not every system has such groups. */
function attempt<T>(act: () => T): T | null {
  try {
    return act();
  } catch {
    return null;
  }
}
