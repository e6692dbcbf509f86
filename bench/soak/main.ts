/** `npm run soak`: exit code 0 when every promise was kept, 1 when one was broken, 2 for arguments that make no sense. */

import { findGrowth, formatSample, runMemory, SAMPLE_HEADING } from './memory.js';
import { type Options, readOptions, USAGE } from './options.js';
import { formatResult } from './report.js';
import { formatSendsResult } from './sends/report.js';
import { runSendsSoak } from './sends/run.js';
import { runSoak } from './soak.js';

process.exitCode = await main(process.argv.slice(2));

async function main(args: string[]): Promise<number> {
  let options: Options;
  try {
    options = readOptions(args, Date.now() % 1_000_000);
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`);
    return 2;
  }
  const { kind, ...given } = options;
  const { attack = false, ...amounts } = { attack: false, ...given };
  const title = kind === 'sends' ? 'soak --sends' : kind;
  console.log(
    `${title} ${attack ? '--attack ' : ''}${Object.entries(amounts)
      .map(([name, value]) => `--${name} ${value}`)
      .join(' ')}`,
  );
  if (options.kind === 'sends') return sends(options);
  return options.kind === 'soak' ? soak(options) : memory(options);
}

async function sends(options: Options & { kind: 'sends' }): Promise<number> {
  const result = await runSendsSoak(options);
  for (const line of formatSendsResult(result)) console.log(line);
  return result.violations.length === 0 ? 0 : 1;
}

async function soak(options: Options & { kind: 'soak' }): Promise<number> {
  const result = await runSoak(options);
  for (const line of formatResult(result)) console.log(line);
  return result.violations.length === 0 ? 0 : 1;
}

async function memory(options: Options & { kind: 'memory' }): Promise<number> {
  console.log(SAMPLE_HEADING);
  const samples = await runMemory(options, (sample) => console.log(formatSample(sample)));
  const growth = findGrowth(samples);
  console.log(growth ?? 'neither memory nor descriptors grew by more than 10%');
  return growth === null ? 0 : 1;
}
