// Counts what a core allocates for a message: prints the bytes. WINDOW MESSAGES WASTE MATCH, run as allocation.test.ts does.
//
// Nothing is collected while it counts, so the growth of the heap is what was allocated. That is the same on a slow machine and on a busy
// one.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PerformanceObserver } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeConfig, Supervisor } from 'mesibo-modules';

const FIXTURE = new URL('../fixtures/build/slow.so', import.meta.url).pathname;
const PARAMS = { aid: 1n, id: 7n, from: 'alice@example.com', to: 'bob@example.com' };
/** Passed at once by that module. */
const PAYLOAD = Buffer.alloc(100, 'x');
/** A deadline never comes, however busy the machine is. */
const NEVER_MS = 3_600_000;
/** Node tells of a collection a little later. */
const TOLD_MS = 50;

const [window, messages, waste] = process.argv.slice(2, 5).map(Number);
/** What the messages must fit, and do. */
const match = JSON.parse(process.argv[5] ?? 'null');
const directory = mkdtempSync(join(tmpdir(), 'mm-'));
const modules = [{ name: 'slow', path: FIXTURE, deadlineMs: NEVER_MS, hangMs: null, match }];
const core = new Supervisor(makeConfig({ modules, chainDeadlineMs: NEVER_MS }), { runDir: join(directory, 'run') });
const { refused } = await core.start();
if (refused[0]) throw refused[0].error;
let collections = 0;
new PerformanceObserver((list) => {
  collections += list.getEntries().length;
}).observe({ entryTypes: ['gc'] });

// V8 compiles what is hot, and compiled code allocates less.
await send(messages);
globalThis.gc();
await sleep(TOLD_MS);
collections = 0;
const before = allocated();
await send(messages);
const after = allocated();
await sleep(TOLD_MS);
if (collections > 0) throw new Error(`${collections} collections while it counted`);
console.log(Math.round((after - before) / messages));

await core.stop();
rmSync(directory, { recursive: true, force: true });
process.exit(0);

function allocated() {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** Sends that many, a window of them at a time. */
async function send(count) {
  let left = count;
  await Promise.all(
    Array.from({ length: window }, async () => {
      while (left-- > 0) {
        globalThis.wasted = new Array(waste / 8).fill(0);
        const { trace } = await core.onMessage(PARAMS, PAYLOAD);
        if (trace[0].default !== null) throw new Error(`a default verdict: ${trace[0].default}`);
      }
    }),
  );
}
