/** How long a module's crash keeps it from messages. REPEATS: how often; the medians count. */

import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { median } from '../../figures/statistics.js';
import { startPassCore } from '../core.js';
import { makePayload, PARAMS } from '../message.js';
import { tell } from '../tell.js';

/** Between two of them: a crash follows a time of calm, in which the core may prepare for it. */
const CALM_MS = 1000;

const [repeats = 5] = process.argv.slice(2).map(Number);
const core = await startPassCore(1, { module: { maxCrashes: null } });
const toDefault: number[] = [];
const toVerdict: number[] = [];
for (let i = 0; i < repeats; i++) {
  await send(makePayload(100), null);
  await sleep(CALM_MS);
  // Every crash is the first: no wait before the next start is measured.
  await core.supervisor.resetModule('pass');
  const began = performance.now();
  await send(Buffer.from('crash'), 'crash');
  const told = performance.now();
  await send(makePayload(100), null);
  toDefault.push(told - began);
  toVerdict.push(performance.now() - told);
}
tell({ toDefault: median(toDefault), toVerdict: median(toVerdict) });
await core.stop();
process.exit(0);

async function send(payload: Buffer, expected: string | null): Promise<void> {
  const { trace } = await core.supervisor.onMessage(PARAMS, payload);
  if (trace[0]?.default !== expected) throw new Error(`expected ${expected}, found ${JSON.stringify(trace)}`);
}
