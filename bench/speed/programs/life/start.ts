/** How long one module and 50 modules take to start, compared with as many processes of Node.js that do nothing. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { performance } from 'node:perf_hooks';
import { startPassCore } from '../core.js';
import { tell } from '../tell.js';

const COUNT = 50;
/** In a session of its own, like a host: Linux may share out a busy machine by sessions. */
const BARE = { stdio: 'ignore', detached: true } as const;

const one = await startPassCore(1);
await one.stop();
const bareMs = await startBare();
const core = await startPassCore(COUNT);
tell({ oneMs: one.startMs, oursMs: core.startMs, bareMs, ratio: core.startMs / bareMs });
await core.stop();
process.exit(0);

/**
 * Starts a few at a time, which is fastest: all at once, they only wait for each other. Measures until the last has ended,
 * because nothing else shows that it had begun.
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
