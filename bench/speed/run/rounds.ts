/** Runs every row once a round, in turn, so that a machine that slows down slows all of them. */

import { execFile } from 'node:child_process';
import type { Sample, Samples } from '../figures/statistics.js';
import { profilePath } from '../output/profiles.js';
import { type Command, commandOf, type Pace } from './commands.js';
import type { Row } from './rows.js';

/** Far beyond what a row takes. */
const LIMIT_MS = 120_000;

/** Told as it goes. */
export interface RoundsListener {
  started(row: Row, round: number): void;
  failed(row: Row, round: number, why: string): void;
}

/** How the rows run. */
export interface RoundsSettings {
  rounds: number;
  pace: Pace;
  /** A folder for what the programs leave; it goes with the bench. */
  scratch: string;
  /** A folder for CPU profiles of our rows, or `null`. */
  profile: string | null;
}

export async function runRounds(
  rows: readonly Row[],
  { rounds, pace, scratch, profile }: RoundsSettings,
  listener: RoundsListener,
): Promise<Samples> {
  const samples = new Map<string, (Sample | null)[]>(rows.map((row) => [row.name, []]));
  for (let round = 0; round < rounds; round++) {
    // Every second round goes backwards, so that no row always follows the same other row.
    for (const row of round % 2 === 0 ? rows : [...rows].reverse()) {
      listener.started(row, round);
      const env: NodeJS.ProcessEnv = { ...process.env, TMPDIR: scratch };
      if (profile !== null) env.BENCH_PROFILE = profilePath(profile, row);
      const { sample, why } = await runOnce(commandOf(row, pace), env);
      if (sample === null) listener.failed(row, round, why);
      samples.get(row.name)?.push(sample);
    }
  }
  return samples;
}

function runOnce([file, ...args]: Command, env: NodeJS.ProcessEnv): Promise<{ sample: Sample | null; why: string }> {
  return new Promise((resolve) => {
    execFile(file, args, { env, timeout: LIMIT_MS, killSignal: 'SIGKILL' }, (error, stdout, stderr) => {
      const sample = error === null ? readSample(stdout) : null;
      resolve({ sample, why: stderr.trim() || error?.message || `it printed ${JSON.stringify(stdout)}` });
    });
  });
}

/** The last line that a program prints; `null` when that is no sample. */
export function readSample(stdout: string): Sample | null {
  try {
    const sample: unknown = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
    if (typeof sample !== 'object' || sample === null) return null;
    return Object.values(sample).every((value) => typeof value === 'number') ? (sample as Sample) : null;
  } catch {
    return null;
  }
}
