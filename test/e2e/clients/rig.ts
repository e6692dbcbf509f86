/** A core with its gateway, in the process of the test. */

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { ModuleOptions } from '../../../src/config/make.js';
import { Core } from '../../../src/core/core.js';
import { fixtureModule, makeTempDir, patientConfig, sample } from '../core.js';

/** Blocks "heck", changes a message that asks for it, and sends as many messages as a text says. */
export const MODULES: ModuleOptions[] = [
  { name: 'filter', path: sample('filter'), config: { blocked_words: 'heck' } },
  fixtureModule('sends-many'),
];

/** Cores one after the other in the same directories. */
export class CoreRig {
  readonly directory = makeTempDir();
  readonly path = join(this.directory, 'run/gateway.sock');
  #core: Core | null = null;

  constructor() {
    onTestFinished(async () => {
      await this.stop();
      rmSync(this.directory, { recursive: true, force: true });
    });
  }

  async start(modules = MODULES): Promise<void> {
    const { directory } = this;
    this.#core = new Core(patientConfig({ modules }), {
      runDir: join(directory, 'run'),
      stateDir: join(directory, 'state'),
    });
    const { refused } = await this.#core.start();
    if (refused[0]) throw refused[0].error;
  }

  get core(): Core {
    if (!this.#core) throw new Error('no core is there');
    return this.#core;
  }

  async stop(): Promise<void> {
    const core = this.#core;
    this.#core = null;
    await core?.stop();
  }
}
