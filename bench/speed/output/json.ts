/** The same as JSON: every sample, and the targets. Pure. */

import type { Samples } from '../figures/statistics.js';
import { computeTargets } from '../figures/targets.js';
import type { Machine } from '../machine.js';
import type { Row } from '../run/rows.js';

/** Of one run of the bench. */
export interface Run {
  date: string;
  machine: Machine;
  rounds: number;
  quick: boolean;
}

/** A file that a program reads: `rows` has what was measured in each round, `null` for what failed. */
export function toJson(run: Run, rows: readonly Row[], samples: Samples): string {
  const entries = rows.map((row) => [row.name, samples.get(row.name) ?? []]);
  const targets = computeTargets(samples).filter(({ figure }) => figure !== null);
  return `${JSON.stringify({ ...run, rows: Object.fromEntries(entries), targets }, null, 2)}\n`;
}
