/** The machine that measures, as far as it shapes the figures. */

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

/** A machine with other work to do measures that work; the bench's own building is part of the load. */
export function isBusy({ load, processors }: Machine): boolean {
  return load > processors * 0.75;
}
