/** How much memory a message takes while it waits for its verdict. Runs with --expose-gc. */

import { setImmediate as turn } from 'node:timers/promises';
import { startPassCore } from '../core.js';
import { makePayload, PARAMS } from '../message.js';
import { tell } from '../tell.js';

const OUTSTANDING = 20_000;
/** Enough for what is made once: caches, compiled code, tables that have grown. */
const WARM = 2000;

const { gc } = globalThis;
if (gc === undefined) throw new Error('run it with node --expose-gc');
const core = await startPassCore(1, {
  module: { queue: OUTSTANDING * 2, hangMs: null },
  core: { queueBytes: 1024 ** 3 },
});
// The caller's own, and the same for all: nothing of it is counted.
const payload = makePayload(100);
for (let i = 0; i < WARM; i++) await core.supervisor.onMessage(PARAMS, payload);
const before = heldBytes(gc);
const resting = core.supervisor.onMessage(PARAMS, Buffer.from('rest'));
const all = Array.from({ length: OUTSTANDING }, () => core.supervisor.onMessage(PARAMS, payload));
// The messages that go out at once are out.
for (let i = 0; i < 3; i++) await turn();
const held = heldBytes(gc) - before;
const outcomes = await Promise.all([resting, ...all]);
if (outcomes.some(({ trace }) => trace[0]?.default !== null)) throw new Error('a default verdict');
tell({ bytes: held / OUTSTANDING });
await core.stop();
process.exit(0);

function heldBytes(collect: () => void): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
