/** How long one module takes to start, and 50, beside as many processes of Node.js that do nothing. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { performance } from 'node:perf_hooks';
import { startPassCore } from '../core.js';
import { tell } from '../tell.js';

const COUNT = 50;
/** In a session of its own, as a host is: Linux may share a busy machine out among sessions. */
const BARE = { stdio: 'ignore', detached: true } as const;

const one = await startPassCore(1);
await one.stop();
const bareMs = await startBare();
const core = await startPassCore(COUNT);
tell({ oneMs: one.startMs, oursMs: core.startMs, bareMs, ratio: core.startMs / bareMs });
await core.stop();
process.exit(0);

/**
 * A few at a time, as a machine does it fastest: all at once they only wait for each other. Until the last has ended, as
 * nothing else tells that it had begun.
 */
async function startBare(): Promise<number> {
  const began = performance.now();
  let left = COUNT;
  const starters = Array.from({ length: availableParallelism() * 2 }, async () => {
    while (left-- > 0) await once(spawn(process.execPath, ['-e', '0'], BARE), 'exit');
  });
  await Promise.all(starters);
  return performance.now() - began;
}
