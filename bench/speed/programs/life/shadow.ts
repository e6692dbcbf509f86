/** What a shadow costs the module that it shadows: a core with one beside a core without. They take turns, a little at a time. */

import { performance } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import { median } from '../../figures/statistics.js';
import { PASS_MODULE } from '../../paths.js';
import { type PassCore, startPassCore } from '../core.js';
import { makePayload, PARAMS } from '../message.js';
import { tell } from '../tell.js';

const ROUNDS = 30;
const MESSAGES = 200;
/** Between two messages, so that the shadow has time to see each. */
const PAUSE_MS = 1;
const payload = makePayload(100);

const alone = await startPassCore(1);
const shadowed = await startPassCore(1, { more: [{ name: 'shadow', path: PASS_MODULE, shadowOf: 'pass' }] });
const aloneMicros: number[] = [];
const shadowedMicros: number[] = [];
for (let round = 0; round < ROUNDS; round++) {
  aloneMicros.push(await measure(alone));
  shadowedMicros.push(await measure(shadowed));
}
const { totals } = shadowed.supervisor.shadowReport('shadow');
if (totals.agreed < (ROUNDS * MESSAGES) / 2)
  throw new Error(`the shadow has seen too little: ${JSON.stringify(totals)}`);
const medians = { aloneMicros: median(aloneMicros), shadowedMicros: median(shadowedMicros) };
tell({ ...medians, ratio: median(shadowedMicros.map((micros, at) => micros / (aloneMicros[at] ?? Number.NaN))) });
await alone.stop();
await shadowed.stop();

/** The median of one round, in microseconds. */
async function measure({ supervisor }: PassCore): Promise<number> {
  const micros: number[] = [];
  for (let i = 0; i < MESSAGES; i++) {
    const began = performance.now();
    const { trace } = await supervisor.onMessage(PARAMS, payload);
    micros.push((performance.now() - began) * 1000);
    if (trace.length !== 1 || trace[0]?.default !== null)
      throw new Error(`a default verdict: ${JSON.stringify(trace)}`);
    await setTimeout(PAUSE_MS);
  }
  return median(micros);
}
