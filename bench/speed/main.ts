/** `npm run bench`: what a message through one module costs, from `onMessage` to its outcome, on this machine. */

import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { makeConfig, Supervisor } from 'mesibo-modules';

const PACKAGE = dirname(createRequire(import.meta.url).resolve('mesibo-modules/package.json'));
const PAYLOAD_BYTES = 100;
const WARM_UP = 20_000;
const RUNS = [
  { inFlight: 1, messages: 10_000 },
  { inFlight: 64, messages: 200_000 },
  { inFlight: 256, messages: 200_000 },
];

const directory = mkdtempSync(join(tmpdir(), 'mm-bench-'));
// A module that reads its message, and passes it.
const module = { name: 'slow', path: join(PACKAGE, 'test/fixtures/build/slow.so'), deadlineMs: 60_000 };
const core = new Supervisor(makeConfig({ modules: [module] }), { runDir: join(directory, 'run') });
let readyMicros = 0;
core.on('lifecycle', (event) => {
  if (event.kind === 'ready') readyMicros = event.startMicros;
});
const { refused } = await core.start();
if (refused[0]) throw refused[0].error;

try {
  console.log(`spawn to ready  ${Math.round(readyMicros / 1000)} ms`);
  await measure(64, WARM_UP);
  for (const { inFlight, messages } of RUNS) {
    const times = await measure(inFlight, messages);
    console.log(`${`${inFlight} in flight`.padEnd(14)}  ${describe(times)}`);
  }
} finally {
  await core.stop();
  rmSync(directory, { recursive: true });
}

interface Times {
  seconds: number;
  /** Of each message, in milliseconds, sorted. */
  sorted: Float64Array;
}

async function measure(inFlight: number, messages: number): Promise<Times> {
  const payload = Buffer.alloc(PAYLOAD_BYTES);
  const took = new Float64Array(messages);
  const began = performance.now();
  let next = 0;
  const caller = async (): Promise<void> => {
    for (let i = next++; i < messages; i = next++) {
      const offered = performance.now();
      const { trace } = await core.onMessage({ from: 'alice', to: 'bob', id: i }, payload);
      took[i] = performance.now() - offered;
      if (trace[0]?.default !== null) throw new Error(`a default verdict: ${trace[0]?.default}`);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, caller));
  return { seconds: (performance.now() - began) / 1000, sorted: took.sort() };
}

function describe({ seconds, sorted }: Times): string {
  const rate = Math.round(sorted.length / seconds).toLocaleString('en');
  const at = (share: number): string => (sorted[Math.floor(share * (sorted.length - 1))] ?? 0).toFixed(2);
  return `${rate.padStart(8)} messages/s, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms`;
}
