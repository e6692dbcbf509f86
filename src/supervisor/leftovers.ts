/** Processes of a core, wherever they went: everything that it starts carries its run id in the environment. */

import { type Ending, endingEffects, endProcesses } from './end-processes.js';
import { hasVariable, listProcesses, type ProcessName, readParent, readRunning } from './proc.js';

/** Environments that are read at a time, by the threads that Node has for files. */
const LANES = 4;

/**
 * Ends every process that carries one of these run ids, except this one and those that it descends from: a core may have
 * been started by what the one before it left.
 */
export function endLeftovers(runIds: readonly string[]): Promise<Ending> {
  const spared = new Set(readAncestors());
  return endProcesses(endingEffects(() => findMarked(runIds, spared)));
}

async function findMarked(runIds: readonly string[], spared: ReadonlySet<number>): Promise<ProcessName[]> {
  const pids = listProcesses().filter((pid) => !spared.has(pid));
  const found: ProcessName[] = [];
  const lane = async (): Promise<void> => {
    for (let pid = pids.pop(); pid !== undefined; pid = pids.pop()) {
      if (!(await hasVariable(pid, 'MESIBO_RUN_ID', runIds))) continue;
      const running = readRunning(pid);
      if (running) found.push(running);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return found.sort((a, b) => a.pid - b.pid);
}

function readAncestors(): number[] {
  const line = [process.pid];
  for (let parent = readParent(process.pid); parent; parent = readParent(parent)) line.push(parent);
  return line;
}
