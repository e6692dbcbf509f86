/** How long `mesibo-modules status` takes, beside a Node.js that does nothing. REPEATS: how often; the medians count. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { median } from '../../figures/statistics.js';
import { COMMAND, PASS_MODULE } from '../../paths.js';
import { tell } from '../tell.js';

const [repeats = 5] = process.argv.slice(2).map(Number);
const directory = mkdtempSync(join(tmpdir(), 'mm-bench-'));
const config = join(directory, 'mesibo.conf');
const where = ['--run-dir', join(directory, 'run'), '--state-dir', join(directory, 'state')];
writeFileSync(config, `module pass {\n  path = ${PASS_MODULE}\n  abi = exports-2020\n}\n`);

run(COMMAND, 'start', '--config', config, '--daemon', ...where);
try {
  const statusMs: number[] = [];
  const bareMs: number[] = [];
  for (let i = 0; i < repeats; i++) {
    bareMs.push(run('-e', '0'));
    statusMs.push(run(COMMAND, 'status', ...where));
  }
  const medians = { statusMs: median(statusMs), bareMs: median(bareMs) };
  tell({ ...medians, ratio: median(statusMs.map((ms, at) => ms / (bareMs[at] ?? Number.NaN))) });
} finally {
  run(COMMAND, 'stop', ...where);
  rmSync(directory, { recursive: true });
}

/** Milliseconds from its start to its end. */
function run(...args: string[]): number {
  const began = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`node ${args.join(' ')}: ${stderr}`);
  return performance.now() - began;
}
