/** What confines one host process, from its start to its end. */

import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { Limits } from '../../../../config/confinement.js';
import type { Account } from '../../../../users.js';
import type { HostGroup } from './host-group.js';
import { MemoryWatch } from './memory-watch.js';
import { type Plan, showLimit } from './plan.js';

/** What it is made of; all of it is its own. */
export interface ConfinementParts {
  plan: Plan;
  limits: Limits;
  /** `null`: none limits it. */
  group: HostGroup | null;
  /** Path of a shell; needed for a group. */
  shell: string | null;
  /** Made for the socket of this host; `null`: it has it where others have it. */
  socketFolder: string | null;
}

/** How a process ended, as far as it tells whether a limit did it. */
export interface LimitedEnd {
  exitCode: number | null;
  signal: string | null;
  /** What it could have no more of when it ended itself. */
  usedUp: { descriptors: boolean; memory: boolean };
}

/** Writes its own id to each file, then becomes the command behind the `--`. */
const JOIN = 'while [ "$1" != -- ]; do echo $$ > "$1" || exit 1; shift; done; shift; exec "$@"';
/** What the process has for itself, and does not give back when a module reaches a limit. */
const OWN_TASKS = 16;
const OWN_DESCRIPTORS = 4;
/** How long a count of descriptors is good for: each report of the host asks for one. */
const COUNT_EVERY_MS = 100;
/** How much of its private memory a process had when an allocation failed: the rest was too little for what it asked for. */
const FULL = 0.8;

/** One process. */
export class Confinement {
  /** What stands before the command of the host. */
  readonly prefix: string[];
  /** Whether the host is another process than the one that is started. */
  readonly forks: boolean;
  /** Where its socket is to be; `null`: where others are. */
  readonly socketFolder: string | null;
  readonly account: Account | null;
  readonly #parts: ConfinementParts;
  #watch: MemoryWatch | null = null;
  #descriptors = 0;
  #countedMs = Number.NEGATIVE_INFINITY;

  constructor(parts: ConfinementParts) {
    const { plan, group, shell, socketFolder } = parts;
    const join = group === null || shell === null ? [] : [shell, '-c', JOIN, 'sh', ...group.files, '--'];
    this.prefix = [...join, ...plan.wrappers];
    this.forks = plan.forks;
    this.account = plan.account;
    this.socketFolder = socketFolder;
    this.#parts = parts;
  }

  /** The process is known. @param exceeded - ends it: it has more memory than it may */
  begin(pid: number, exceeded: () => void): void {
    const { watchedBytes } = this.#parts.plan;
    if (watchedBytes !== null) this.#watch = new MemoryWatch(pid, watchedBytes, exceeded);
  }

  /** Notes what it has while it is well. Called often. */
  note(pid: number, nowMs = performance.now()): void {
    this.#parts.group?.note(nowMs);
    if (this.#parts.limits.nofile === null || nowMs - this.#countedMs < COUNT_EVERY_MS) return;
    this.#descriptors = countDescriptors(pid);
    this.#countedMs = nowMs;
  }

  /** The limit that ended the process, as the configuration has it; `null`: none. To be asked before anything of it is cleared away. */
  limitOf({ signal, exitCode, usedUp }: LimitedEnd): string | null {
    const { limits, group, plan } = this.#parts;
    if (signal === 'SIGKILL') {
      const isFull = this.#watch?.hasExceeded || group?.hasRunOutOfMemory();
      return isFull ? showLimit('memory', limits) : null;
    }
    // A module whose calls fail may end itself, in any way.
    if (signal === null && exitCode === 0) return null;
    const isFull = usedUp.memory || (this.#watch?.dataBytes ?? 0) > FULL * (plan.dataBytes ?? Number.POSITIVE_INFINITY);
    if (plan.dataBytes !== null && isFull) return showLimit('memory', limits);
    const isCrowded = plan.userTasks !== null && countTasks(plan.account?.uid ?? 0) > plan.userTasks - OWN_TASKS;
    if (isCrowded || group?.hasRunOutOfTasks()) return showLimit('nproc', limits);
    const isShort =
      limits.nofile !== null && (usedUp.descriptors || this.#descriptors >= limits.nofile - OWN_DESCRIPTORS);
    return isShort ? showLimit('nofile', limits) : null;
  }

  /** The process is gone. */
  close(): void {
    const { group, socketFolder } = this.#parts;
    this.#watch?.close();
    void group?.close();
    if (socketFolder !== null) rmSync(socketFolder, { recursive: true, force: true });
  }
}

/** From Linux 6.2 on the folder has their count as its size. */
function countDescriptors(pid: number): number {
  try {
    const folder = `/proc/${pid}/fd`;
    return statSync(folder).size || readdirSync(folder).length;
  } catch {
    return 0;
  }
}

/** Processes and threads of a user, zombies included. */
function countTasks(uid: number): number {
  let count = 0;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      // The folder has an entry for each thread, and two of its own.
      const { uid: owner, nlink } = statSync(join('/proc', name, 'task'));
      if (owner === uid) count += nlink - 2;
    } catch {
      // It has ended.
    }
  }
  return count;
}
