/** A core in a process of its own, which is killed now and then: the daemon, as operators run it. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const ROOT = dirname(createRequire(import.meta.url).resolve('mesibo-modules/package.json'));
const PROGRAM = join(ROOT, 'dist/bundles/mesibo-modules.cjs');
const MODULE_FILE = join(ROOT, 'test/fixtures/build/journal.so');

/** One core after the other, on the same directories. */
export class CoreProcess {
  readonly gatewayPath: string;
  readonly journalPath: string;
  readonly #options: string[];
  #child: ChildProcess | null = null;
  /** What it printed last. */
  #output = '';

  /** @param directory of this soak's own */
  constructor(directory: string) {
    const [runDir, stateDir, file] = ['run', 'state', 'mesibo.conf'].map((name) => join(directory, name));
    this.gatewayPath = join(runDir as string, 'gateway.sock');
    this.journalPath = join(directory, 'journal');
    this.#options = ['--run-dir', runDir as string, '--state-dir', stateDir as string, '--config', file as string];
    writeFileSync(file as string, configOf(this.journalPath));
  }

  /** Starts one. */
  start(): void {
    const child = spawn(process.execPath, [PROGRAM, 'start', ...this.#options], { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#output = (this.#output + text).slice(-4000);
      });
    }
    this.#child = child;
  }

  /** Why there is no core any more; `null`: there is one. */
  get end(): string | null {
    const { exitCode = null, signalCode = null } = this.#child ?? {};
    if (exitCode === null && signalCode === null) return null;
    return `the core ended with ${signalCode ?? exitCode}: ${this.#output}`;
  }

  /** Ends it as the kernel would. Resolves when it is gone. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Stops it. Resolves when it is gone. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === null || this.end !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }
}

function configOf(journalPath: string): string {
  return `chain_deadline = 60s
module journal_0 {
  path = ${MODULE_FILE}
  abi = exports-2020
  deadline = 60s
  start_timeout = 60s
  config {
    journal = ${journalPath}
  }
}
`;
}
