/**
 * Processes of a core, wherever they went. Everything that the core starts has its run id in the environment. What modules
 * start also has a mark, which remains if the environment is emptied.
 */

import { hasVariable, listProcesses, type ProcessName, readAncestors, readLockLimit, readRunning } from '../../proc.js';
import { markOfRun, runOfMark } from '../../wire/process-mark.js';
import { endingEffects, endProcesses } from '../runner/local/leftovers/end-processes.js';
import type { Ending } from '../runner/runner.js';

/**
 * Ends every process that carries one of these run ids, except this one and its ancestors: a process that the old core left may
 * have started this core.
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
