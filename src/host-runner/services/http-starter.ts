/** Starts the http worker when it is wanted, and again when one has ended by itself. */

import { Worker } from 'node:worker_threads';
import type { Shim } from '../shim.js';

const WORKER = new URL('./http-worker.js', import.meta.url);

/** The worker of one host: a thread that does the network for the module's requests. */
export class HttpStarter {
  readonly #shim: Shim;
  #worker: Worker | null = null;

  constructor(shim: Shim) {
    this.#shim = shim;
  }

  /** Starts the worker unless there is one. It boots on its own, also while this thread runs the module. */
  start(): void {
    if (this.#worker) return;
    const worker = new Worker(WORKER, { stdin: false });
    this.#worker = worker;
    // What is open must not keep the process; the core tells it when to end.
    worker.unref();
    let why = 'it ended';
    worker.on('error', (error) => {
      why = error.message;
    });
    worker.on('exit', () => {
      this.#worker = null;
      this.#shim.httpWorkerLost(`the http worker of the host was lost: ${why}`);
    });
  }

  /** Starts the worker if the module has asked for something and nobody is there to do it. */
  startIfWanted(): void {
    if (!this.#worker && this.#shim.httpWantsWorker()) this.start();
  }
}
