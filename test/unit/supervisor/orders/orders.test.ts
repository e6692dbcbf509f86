/** Orders, one after the other. */

import type { ModuleOptions } from 'mesibo-modules';
import { describe, expect, it } from 'vitest';
import { makeConfig } from '../../../../src/config/make.js';
import type { CoreConfig } from '../../../../src/config/types.js';
import { Roster } from '../../../../src/supervisor/module/roster.js';
import { Orders } from '../../../../src/supervisor/orders/orders.js';
import { StoppedModules } from '../../../../src/supervisor/orders/stopped-modules.js';
import { PlayedModule } from '../../../helpers/played-module.js';

/** What orders need of a core, with the one module of a scene. */
class Scene extends PlayedModule {
  readonly roster: Roster;
  readonly orders: Orders;
  carriedOut = () => {};
  #config = makeConfig({ modules: [this.options()] });

  constructor(settings: Partial<ModuleOptions> = {}) {
    super(settings);
    const nothing = () => undefined;
    const events = { message: () => null, lifecycle: nothing, log: nothing, died: nothing };
    this.roster = new Roster(this.around, { ...events, wentBack: nothing, callbacks: nothing });
    for (const spec of this.#config.modules) this.roster.add(spec);
    this.roster.arrange(['m']);
    const core = {
      roster: this.roster,
      stopped: new StoppedModules(null),
      requireRunning: nothing,
      config: () => this.#config,
      adopt: (next: CoreConfig) => {
        this.#config = next;
      },
      underway: async () => undefined,
      carriedOut: () => this.carriedOut(),
    };
    this.orders = new Orders(core, Promise.resolve());
  }

  /** The module in the roster. */
  get member() {
    return this.roster.find('m');
  }

  give(...modules: ModuleOptions[]) {
    return this.orders.reload(makeConfig({ modules }), null);
  }

  /** Starts the module, and reloads it so that it is on probation. */
  async putOnProbation(): Promise<void> {
    const started = this.member.start();
    await (await this.begun(1)).start();
    await started;
    const reloaded = this.give(this.options({ config: { version: '2' } }));
    await (await this.begun(2)).start();
    expect((await reloaded).report.probation).toEqual(['m']);
  }

  async end(): Promise<void> {
    const stopped = this.roster.all.map((module) => module.stop());
    for (const run of this.runs) if (!run.isOver) run.exit();
    await Promise.all(stopped);
  }
}

it('what fails after an order stands in the way of no other order, and of no stop', async () => {
  const scene = new Scene();
  scene.carriedOut = () => {
    throw new Error('a fault of ours');
  };
  const own = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  const surfaced = new Promise<Error>((done) => process.once('uncaughtException', done));
  try {
    await scene.orders.planReload(makeConfig({ modules: [] }), null);
    await scene.orders.settled();
    expect((await surfaced).message).toBe('a fault of ours');
  } finally {
    for (const listener of own) process.on('uncaughtException', listener);
  }
});

describe('a reload that changes the settings of a module on probation', () => {
  const changed = { config: { version: '2' }, deadlineMs: 4321 };

  it('ends the probation when it is carried out', async () => {
    const scene = new Scene({ probationMs: 300_000 });
    await scene.putOnProbation();
    const reloaded = scene.give(scene.options(changed));
    scene.run(1).exit();
    expect((await reloaded).report.configured).toEqual(['m']);
    expect([scene.member.probation, scene.member.spec.deadlineMs]).toEqual([null, 4321]);
    await scene.end();
  });

  it('leaves the probation as it is when it is refused', async () => {
    const scene = new Scene({ probationMs: 300_000 });
    await scene.putOnProbation();
    const reloaded = scene.give(scene.options(changed), scene.options({ name: 'broken' }));
    (await scene.begun(3)).die();
    await expect(reloaded).rejects.toThrow('broken');
    expect(scene.member.status().probationUntil).not.toBeNull();
    scene.run(2).die();
    expect(scene.member.status()).toMatchObject({ state: 'serving', takenBack: expect.any(String) });
    await scene.end();
  });

  it('leaves a module as it is that goes back meanwhile', async () => {
    const scene = new Scene({ probationMs: 300_000 });
    await scene.putOnProbation();
    const reloaded = scene.give(scene.options(changed), scene.options({ name: 'added' }));
    const added = await scene.begun(3);
    scene.run(2).die();
    await added.start();
    const { report } = await reloaded;
    expect(report).toMatchObject({ added: ['added'], configured: [], left: ['m'] });
    expect(scene.member.status()).toMatchObject({ generation: 1, takenBack: expect.any(String) });
    expect([scene.member.spec.config, scene.member.spec.deadlineMs === 4321]).toEqual([[], false]);
    await scene.end();
  });

  it('ends it at once when more replicas are to join, as the way back would lead to fewer', async () => {
    const scene = new Scene({ probationMs: 300_000 });
    await scene.putOnProbation();
    const reloaded = scene.give(scene.options({ config: { version: '2' }, replicas: 2 }));
    const joining = await scene.begun(3);
    expect([scene.member.probation, scene.run(1).isAsked]).toEqual([null, true]);
    scene.run(1).exit();
    await joining.start();
    expect((await reloaded).report.configured).toEqual(['m']);
    await scene.end();
  });
});
