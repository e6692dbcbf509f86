/** How many messages a module takes that waits 2 ms for each, with one replica and with four, with and without `sticky`. */

import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { WAIT_MODULE } from '../../paths.js';
import { type PassCore, startPassCore } from '../core.js';
import { makePayload } from '../message.js';
import { tell } from '../tell.js';

const REPLICAS = 4;
const CONVERSATIONS = 64;
const WARM_MS = 500;
const MEASURE_MS = 2000;

const one = await measure(1, true);
const sticky = await measure(REPLICAS, true);
const free = await measure(REPLICAS, false);
tell({
  one: one.rate,
  sticky: sticky.rate,
  free: free.rate,
  stickyRatio: sticky.rate / one.rate,
  ratio: free.rate / one.rate,
  memory: (free.memoryMiB - one.memoryMiB) / (REPLICAS - 1),
});
process.exit(0);

/** Messages a second, and the memory of all processes of the module. */
async function measure(replicas: number, sticky: boolean): Promise<{ rate: number; memoryMiB: number }> {
  const module = { name: 'wait', path: WAIT_MODULE, replicas, sticky };
  const core = await startPassCore(1, { module });
  let answered = 0;
  let over = false;
  const payload = makePayload(100);
  const converse = async (_: unknown, index: number): Promise<void> => {
    while (!over) {
      const { trace } = await core.supervisor.onMessage({ from: `user${index}@example.com`, to: 'bot' }, payload);
      if (trace[0]?.default !== null) throw new Error(`a default verdict: ${JSON.stringify(trace)}`);
      answered += 1;
    }
  };
  const work = Promise.all(Array.from({ length: CONVERSATIONS }, converse));
  await new Promise((done) => setTimeout(done, WARM_MS));
  const [before, beganMs] = [answered, performance.now()];
  await new Promise((done) => setTimeout(done, MEASURE_MS));
  const rate = ((answered - before) * 1000) / (performance.now() - beganMs);
  const memoryMiB = memoryOf(core);
  over = true;
  await work;
  await core.stop();
  return { rate, memoryMiB };
}

/** What is shared between processes counts once. */
function memoryOf({ supervisor }: PassCore): number {
  const hosts = supervisor.status().modules.flatMap(({ hosts }) => hosts);
  const kibibytes = hosts.map(
    ({ pid }) => /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1],
  );
  return kibibytes.reduce((sum, each) => sum + Number(each), 0) / 1024;
}
