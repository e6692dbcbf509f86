/** Ends processes until none of a kind is left: one that is killed may just have started another. */

import { performance } from 'node:perf_hooks';
import type { ProcessName } from '../../../../proc.js';
import type { Ending } from '../../runner.js';

/** How an ending reaches the world. */
export interface EndingEffects {
  /** Those of the kind that run now. */
  find(): Promise<ProcessName[]>;
  /** Ends one at once; `false` when that is not permitted. */
  kill(pid: number): boolean;
  /** Passes when some may have ended. */
  pause(): Promise<void>;
  nowMs(): number;
}

/** A process that has not ended by then waits for a device; waiting for it longer is useless. */
const LIMIT_MS = 5_000;
const PAUSE_MS = 20;

/** The effects as they are, with `find`. */
export function endingEffects(find: () => Promise<ProcessName[]>): EndingEffects {
  return {
    find,
    kill: killProcess,
    pause: () => new Promise((resolve) => setTimeout(resolve, PAUSE_MS)),
    nowMs: () => performance.now(),
  };
}

/**
 * Kills what is found, again and again, until nothing is found any more.
 *
 * @param looks that must find nothing, in a row: a process in the middle of an exec shows no environment
 */
export async function endProcesses(effects: EndingEffects, looks = 2): Promise<Ending> {
  const endMs = effects.nowMs() + LIMIT_MS;
  const seen = new Map<number, ProcessName>();
  const refused = new Set<number>();
  let found: ProcessName[] = [];
  for (let clean = 0; ; ) {
    found = (await effects.find()).filter(({ pid }) => !refused.has(pid));
    clean = found.length === 0 ? clean + 1 : 0;
    if (clean === looks || effects.nowMs() >= endMs) break;
    for (const { pid, name } of found) {
      seen.set(pid, { pid, name });
      if (!effects.kill(pid)) refused.add(pid);
    }
    await effects.pause();
  }
  const left = [...[...refused].map((pid) => seen.get(pid) as ProcessName), ...found];
  const ended = [...seen.values()].filter(({ pid }) => !left.some((other) => other.pid === pid));
  return { ended, left };
}

function killProcess(pid: number): boolean {
  try {
    process.kill(pid, 'SIGKILL');
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
