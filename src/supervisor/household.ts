/** What a core has once it has its premises: its modules, and what it remembers of them. */

import type { CoreConfig } from '../config/types.js';
import { Quarantine } from '../quarantine/quarantine.js';
import { Slices } from '../slices.js';
import { takeAllInTurn } from '../to-the-end.js';
import { BuildStore } from './builds/store.js';
import { buildsFolder } from './directories/builds-folder.js';
import type { Module } from './module/module.js';
import { Roster } from './module/roster.js';
import type { Announcer } from './news/announcer.js';
import { StoppedModules } from './orders/stopped-modules.js';
import type { Premises } from './premises.js';
import { UnsafeBoxes } from './runner/local/black-box/unsafe-boxes.js';
import { LocalRunner } from './runner/local/local-runner.js';
import { AbiMemory } from './trials/abi-memory.js';
import type { SendKeeper } from './types.js';

/** How often it looks what hosts use, so that a crash card can say it. */
const LOOK_MS = 10_000;

/** From the end of the opening on. */
export class Household {
  readonly premises: Premises;
  readonly stopped: StoppedModules;
  readonly builds: BuildStore;
  readonly quarantine: Quarantine;
  readonly roster: Roster;
  readonly #runner: LocalRunner;
  readonly #abis: AbiMemory;
  readonly #looks: NodeJS.Timeout;

  private constructor(premises: Premises, config: CoreConfig, announcer: Announcer, keeper: SendKeeper | null) {
    const { runDir, statePath: stateDir, boxDir, sweeper } = premises;
    const { file: configFile, modules, blackBoxBytes, maxMessageBytes, heartbeatMs, queueBytes } = config;
    this.premises = premises;
    this.#abis = new AbiMemory(stateDir);
    this.stopped = new StoppedModules(stateDir);
    this.builds = new BuildStore(buildsFolder(stateDir ?? runDir.path), () =>
      this.roster.all.flatMap((module) => module.builds),
    );
    const { path, runId } = runDir;
    const { orphans } = sweeper;
    const places = { runId, runDir: path, stateDir, boxDir };
    const unsafe = new UnsafeBoxes({
      isSafe: async () => (await keeper?.isSafe()) ?? true,
      dropped: (limit) => announcer.warn(describeDropped(limit)),
    });
    const runner = new LocalRunner({ ...places, blackBoxBytes, maxMessageBytes, orphans, unsafe });
    this.#runner = runner;
    this.configure(config);
    this.quarantine = new Quarantine({
      stateDir,
      buildOf: (name) => this.roster.all.findLast((module) => module.name === name)?.buildKey ?? null,
      warn: (text) => announcer.warn(text),
    });
    const kept = { abis: this.#abis, builds: this.builds, quarantine: this.quarantine, keeper };
    this.roster = new Roster(
      { runner, runId, ...kept, maxMessageBytes, heartbeatMs, queueBytes, configFile },
      announcer,
    );
    for (const spec of modules) this.roster.add(spec);
    this.roster.arrange(modules.map(({ name }) => name));
    this.#looks = setInterval(() => void this.lookAtHosts(), LOOK_MS).unref();
  }

  /** Ends what killed cores left, then takes the modules in; none of them is started. */
  static async open(
    premises: Premises,
    config: CoreConfig,
    announcer: Announcer,
    keeper: SendKeeper | null,
  ): Promise<Household> {
    const { stateDir, sweeper } = premises;
    if (stateDir?.problem) announcer.warn(stateDir.problem);
    await sweeper.sweep();
    const household = new Household(premises, config, announcer, keeper);
    if (household.stopped.problem) announcer.warn(household.stopped.problem);
    return household;
  }

  /** In the order of the chain. */
  get chain(): readonly Module[] {
    return this.roster.chain;
  }

  /** Those of the chain and the shadows, in the order of the configuration. */
  get present(): readonly Module[] {
    return this.roster.present;
  }

  /** What is wrong with what is remembered, a line each. */
  get problems(): string[] {
    const own = [this.stopped.problem, this.#abis.problem].filter((problem) => problem !== null);
    return [...own, ...this.quarantine.problems];
  }

  /** Takes the global settings of another configuration. */
  configure({ spareHosts }: Pick<CoreConfig, 'spareHosts'>): void {
    this.#runner.keepSpares(spareHosts);
  }

  /** Reads what the processes of all modules use now, a few at a time. */
  async lookAtHosts(): Promise<void> {
    const slices = new Slices();
    for (const module of this.present) {
      module.lookAtHosts();
      await slices.pause();
    }
  }

  /** Gives everything back, once no host is left. */
  async close(): Promise<void> {
    const { premises, builds } = this;
    clearInterval(this.#looks);
    await takeAllInTurn(
      () => this.quarantine.close(),
      () => this.#runner.close(),
      // Copies in the run directory go with it.
      () =>
        premises.close(async () => {
          if (premises.stateDir === null) await builds.clear();
        }),
    );
  }
}

function describeDropped(limit: number): string {
  const what = 'the oldest black box of a dead host was removed before its messages were safe';
  return `${what}, because ${limit} others wait as well; the messages are lost when this core ends, unless the store of sends works again before`;
}
