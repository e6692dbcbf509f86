/** A worker thread: structured clones. Its CPU time is in that of the one process. */

import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { readLoad } from '../arguments.js';
import { makePayload, PARAMS } from '../message.js';
import { tell } from '../tell.js';
import { Window } from './window.js';

interface Answer {
  slot: number;
  value: number;
}

if (isMainThread) {
  const load = readLoad();
  const worker = new Worker(new URL(import.meta.url));
  const payload = makePayload(load.bytes);
  const window = new Window(load, [process.pid], (slot) => worker.postMessage({ slot, params: PARAMS, payload }));
  worker.on('message', ({ slot }: Answer) => window.answered(slot));
  tell(await window.run());
  process.exit(0);
} else {
  parentPort?.on('message', ({ slot }: Answer) => parentPort?.postMessage({ slot, value: 0 } satisfies Answer));
}
