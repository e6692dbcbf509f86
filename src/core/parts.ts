/** What a core is made of, from its start to its end: opened in this order, and closed in the other one. */

import type { CoreConfig } from '../config/types.js';
import { controlSocketPath } from '../control/endpoint.js';
import type { ControlledCore } from '../control/server.js';
import { isInMemory, makeStateDir } from '../directories.js';
import { makeRunDir } from '../supervisor/directories/run-dir.js';
import { Supervisor } from '../supervisor/supervisor.js';
import type { OrderReport, SupervisorStatus } from '../supervisor/types.js';
import { CoreLog, type CoreLogOptions } from './core-log.js';
import { DescriptorWatch } from './descriptor-watch.js';
import { Doors } from './doors.js';
import { EventTeller } from './events/teller.js';
import { Reloads, type ReloadsOptions } from './reloads.js';
import type { CoreOptions } from './types.js';

/** What is told of a core while it runs. */
export interface PartsEvents extends Pick<CoreLogOptions, 'onSaid'>, Pick<ReloadsOptions, 'begun' | 'ended'> {
  /** Somebody asks the core to stop, over the control socket. */
  stopAsked: (why: string) => void;
}

/** Made for one start. */
export class Parts {
  readonly log: CoreLog;
  readonly supervisor: Supervisor;
  readonly reloads: Reloads;
  readonly #config: CoreConfig;
  readonly #options: CoreOptions;
  readonly #events: PartsEvents;
  readonly #teller: EventTeller;
  readonly #doors: Doors;
  #descriptors: DescriptorWatch | undefined;
  #isOpen = false;
  #isRetired = false;

  /** @param options with absolute paths */
  constructor(config: CoreConfig, options: CoreOptions, events: PartsEvents) {
    const { runDir, stateDir, boxDir, subreaper = false, strict = false, endsProcess = false } = options;
    const { logSizeBytes: sizeBytes, logKeep: keep } = config;
    const { onSaid, begun } = events;
    this.#config = config;
    this.#options = options;
    this.#events = events;
    this.log = new CoreLog({ stateDir, sink: options.logTo ?? null, sizeBytes, keep, onSaid });
    this.supervisor = new Supervisor(config, {
      runDir,
      stateDir,
      subreaper,
      ...(boxDir !== undefined && { boxDir }),
      kind: endsProcess ? 'daemon' : 'embedded',
    });
    const { log, supervisor } = this;
    log.follow(supervisor);
    this.#teller = new EventTeller(supervisor, config, { runDir, stateDir, log });
    const ended: ReloadsOptions['ended'] = (taken, failure) => {
      if (taken) this.#teller.reloaded(taken);
      events.ended(taken, failure);
      if (failure) this.#teller.reloadFailed(failure.message);
    };
    this.reloads = new Reloads({ supervisor, log, read: options.reload ?? null, strict, begun, ended });
    this.#doors = new Doors({ runDir, supervisor, warn: (text) => log.say('warn', text) });
  }

  /** The directories are this core's: before, the log files may be those of the core that holds them. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /**
   * Takes the directories, ends what a killed core left, and can be asked from then on. A {@link retire} meanwhile ends it.
   *
   * @throws DirectoryError when a directory is held by another core or cannot be used
   */
  async open(): Promise<void> {
    const { runDir, stateDir, endsProcess = false } = this.#options;
    controlSocketPath(runDir);
    // First, because the state directory may be in it.
    makeRunDir(runDir);
    makeStateDir(stateDir);
    await this.supervisor.open();
    this.#isOpen = true;
    if (this.#isRetired) return;
    if (!isInMemory(runDir)) {
      const why = 'is not in memory; its sockets would be faster and never left behind on tmpfs, as below /run';
      this.log.say('warn', `the run directory ${runDir} ${why}`);
    }
    this.#descriptors = new DescriptorWatch({ say: (level, text) => this.log.say(level, text) });
    // It can be asked, and told to stop, while its modules start.
    const { maxMessageBytes } = this.#config;
    await this.#doors.open({ ...this.#doorway(), maxMessageBytes, goesOn: !endsProcess });
  }

  /** Takes nothing new. */
  retire(): void {
    this.#isRetired = true;
    this.reloads.giveUp();
    this.#doors.retire();
  }

  /** Gives back what is left once the supervisor has stopped. */
  async close(): Promise<void> {
    await this.#doors.close();
    this.#descriptors?.close();
    await this.#teller.close();
    await this.log.close();
  }

  status(): SupervisorStatus {
    const status = this.supervisor.status();
    const problems = [this.reloads, this.log].flatMap((part) => part.problems());
    return { ...status, core: { ...status.core, problems: [...status.core.problems, ...problems] } };
  }

  /** Gives an order for one module; what is wrong nevertheless is logged too. */
  async order(order: Parameters<ControlledCore['order']>[0], module: string): Promise<OrderReport> {
    const report = await this.supervisor[`${order}Module`](module);
    for (const warning of report.warnings) this.log.say('warn', warning);
    return report;
  }

  /** What comes in from other processes. */
  #doorway() {
    const { supervisor } = this;
    const core: ControlledCore = {
      status: () => this.status(),
      onMessage: (params, payload) => supervisor.onMessage(params, payload),
      reload: (modules) => this.reloads.reload(null, modules),
      order: (order, module) => this.order(order, module),
      describe: (module) => supervisor.describeModule(module),
      on: (event, listener) => supervisor.on(event, listener),
      off: (event, listener) => supervisor.off(event, listener),
    };
    return { core, requestStop: () => this.#events.stopAsked('asked to over the control socket') };
  }
}
