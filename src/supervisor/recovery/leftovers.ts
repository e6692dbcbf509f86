/**
 * Processes of a core, wherever they went: everything that it starts carries its run id in the environment, and what
 * modules start a mark besides, which outlives an emptied environment.
 */

import { hasVariable, listProcesses, type ProcessName, readAncestors, readLockLimit, readRunning } from '../../proc.js';
import { markOfRun, runOfMark } from '../../wire/process-mark.js';
import { endingEffects, endProcesses } from '../runner/local/leftovers/end-processes.js';
import type { Ending } from '../runner/runner.js';

/**
 * Ends every process that carries one of these run ids, except this one and those that it descends from: a core may have
 * been started by what the one before it left.
 *
 * @param looks see {@link endProcesses}; each takes time, some 0.1 ms for every process of the machine
 */
export function endLeftovers(runIds: readonly string[], looks?: number): Promise<Ending> {
  const spared = new Set([process.pid, ...readAncestors(process.pid)]);
  return endProcesses(
    endingEffects(() => findMarked(runIds, spared)),
    looks,
  );
}

async function findMarked(runIds: readonly string[], spared: ReadonlySet<number>): Promise<ProcessName[]> {
  const found: ProcessName[] = [];
  const runs = new Set(runIds.map(markOfRun));
  const isMarked = (pid: number) => {
    const mark = readLockLimit(pid);
    return mark !== null && runs.has(runOfMark(mark));
  };
  for (const pid of listProcesses()) {
    // One after the other: more at a time only make more work for the same thread.
    if (spared.has(pid)) continue;
    if (!isMarked(pid) && !(await hasVariable(pid, 'MESIBO_RUN_ID', runIds))) continue;
    const running = readRunning(pid);
    if (running) found.push(running);
  }
  return found;
}
