/** Properties of the machine that influence the figures. */

import { availableParallelism, cpus, loadavg, release } from 'node:os';

export interface Machine {
  processor: string;
  processors: number;
  kernel: string;
  node: string;
  /** Processes that wanted to run in the minute before. */
  load: number;
}

export function readMachine(): Machine {
  return {
    processor: cpus()[0]?.model ?? 'unknown',
    processors: availableParallelism(),
    kernel: release(),
    node: process.version,
    load: loadavg()[0] ?? 0,
  };
}

export function describeMachine({ processor, processors, kernel, node, load }: Machine): string {
  return `${processors} x ${processor}, Linux ${kernel}, Node.js ${node}, load ${load.toFixed(2)}`;
}

/** A busy machine measures its other work too. Building the bench itself is part of the load. */
export function isBusy({ load, processors }: Machine): boolean {
  return load > processors * 0.75;
}
