/** Starts the http worker when it is wanted, and again when one has ended by itself. */

import { writeSync } from 'node:fs';
import type { Worker } from 'node:worker_threads';
import { HTTP_WORKER } from '../../paths.js';
import type { Shim } from '../shim.js';

/**
 * What the worker prints is passed on here. By itself it would go through this thread's process.stdout and process.stderr, and
 * with these Node makes the descriptors non-blocking, for the module and what it starts as well: output would be lost.
 */
function spawnWorker(): Worker {
  // Loaded only now: most hosts have no worker.
  const { Worker } = process.getBuiltinModule('node:worker_threads');
  const worker = new Worker(HTTP_WORKER, { stdin: false, stdout: true, stderr: true });
  worker.stdout.on('data', (chunk) => writeSync(1, chunk));
  worker.stderr.on('data', (chunk) => writeSync(2, chunk));
  return worker;
}

/** What the starter needs of the shim. */
type LosesWorkers = Pick<
  Shim,
  'httpWantsWorker' | 'httpWorkerComes' | 'httpWorkerLost' | 'maskSignals' | 'unmaskSignals'
>;

/** The worker of one host: a thread that does the network for the module's requests. */
export class HttpStarter {
  readonly #shim: LosesWorkers;
  readonly #spawn: () => Worker;
  #worker: Worker | null = null;

  constructor(shim: LosesWorkers, spawn = spawnWorker) {
    this.#shim = shim;
    this.#spawn = spawn;
  }

  /** Starts the worker unless there is one. It boots on its own, also while this thread runs the module. */
  start(): void {
    if (this.#worker) return;
    // No handler of the module runs on the worker's thread.
    this.#shim.maskSignals();
    try {
      this.#worker = this.#spawn();
      this.#watch(this.#worker);
      this.#shim.httpWorkerComes();
    } catch (error) {
      // No thread can be had, most likely since the module took them all.
      this.#shim.httpWorkerLost(`the http worker of the host cannot be started: ${(error as Error).message}`);
    } finally {
      this.#shim.unmaskSignals();
    }
  }

  #watch(worker: Worker): void {
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
