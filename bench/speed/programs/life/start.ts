/** How long 50 modules take to start, beside as many processes of Node.js that do nothing. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { startPassCore } from '../core.js';
import { tell } from '../tell.js';

const COUNT = 50;

const bareMs = await startBare();
const core = await startPassCore(COUNT);
tell({ oursMs: core.startMs, bareMs, ratio: core.startMs / bareMs });
await core.stop();
process.exit(0);

/** All are started at once; until the last has ended, as nothing else tells that it had begun. */
async function startBare(): Promise<number> {
  const began = performance.now();
  const children = Array.from({ length: COUNT }, () => spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' }));
  await Promise.all(children.map((child) => once(child, 'exit')));
  return performance.now() - began;
}
