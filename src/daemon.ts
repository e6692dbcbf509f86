/** The core as a process: configuration, supervisor, control socket and logs put together. */

import { describeWarning, loadConfig, strictError } from './config/load.js';
import type { CoreConfig } from './config/types.js';
import { controlSocketPath } from './control/endpoint.js';
import { type ControlledCore, ControlServer } from './control/server.js';
import { CoreLog, type CoreLogOptions } from './daemon/core-log.js';
import { describeStopped } from './daemon/describe-stopped.js';
import { DescriptorWatch } from './daemon/descriptor-watch.js';
import { HangUps } from './daemon/hang-ups.js';
import { Onlookers } from './daemon/onlookers.js';
import { Reloads } from './daemon/reloads.js';
import { onSignals } from './daemon/signals.js';
import { isInMemory, makeStateDir } from './directories.js';
import { ModuleLoadError, sentenceOfAll } from './errors.js';
import { VERSION } from './paths.js';
import { makeRunDir } from './supervisor/directories/run-dir.js';
import { Supervisor } from './supervisor/supervisor.js';
import type { StartReport } from './supervisor/types.js';

/** How a core is run. */
export interface DaemonOptions {
  configFile: string;
  /** Absolute. */
  runDir: string;
  /** Absolute. */
  stateDir: string;
  /** A warning of the configuration, or a refused module, fails the start. */
  strict: boolean;
  /** Where to log besides the files. */
  stdout: CoreLogOptions['stdout'];
  /** Called once the core serves. */
  onServing?: (started: Started) => void;
}

/** How a start went that did not fail. */
export interface Started {
  pid: number;
  /** How many there are. */
  modules: number;
  /** One line for each module that could not be started. */
  refused: string[];
  /** The modules that an operator had stopped. */
  stopped: string[];
  /** One line for each remark on the configuration. */
  warnings: string[];
}

/**
 * Runs a core until it is told to stop, by a signal or over the control socket. A second signal ends it at once.
 *
 * @returns the exit code: 0 after a stop that was asked for, 1 after an internal error.
 * @throws ConfigError, DirectoryError, or with `strict` ModuleLoadError, when the core could not be started; nothing
 * of it is left then.
 */
export async function runDaemon(options: DaemonOptions): Promise<number> {
  const config = loadConfig(options.configFile);
  const strict = options.strict ? strictError(config) : null;
  if (strict) throw strict;
  controlSocketPath(options.runDir);
  // First, because the state directory may be in it.
  makeRunDir(options.runDir);
  makeStateDir(options.stateDir);
  const { logSizeBytes: sizeBytes, logKeep: keep } = config;
  const log = new CoreLog({ stateDir: options.stateDir, stdout: options.stdout, sizeBytes, keep });
  const core = new Core(config, options, log);
  try {
    return await core.run();
  } finally {
    if (!(await log.close())) endWithoutStdout();
  }
}

/** One run: it starts once and stops once, whoever asks for it and how often. */
class Core {
  readonly #config: CoreConfig;
  readonly #options: DaemonOptions;
  readonly #log: CoreLog;
  readonly #supervisor: Supervisor;
  readonly #reloads: Reloads;
  readonly #onlookers: Onlookers;
  #descriptors: DescriptorWatch | undefined;
  /** What they come to is logged. */
  readonly #hangUps = new HangUps(() => this.#reloads.reload([]).catch(() => undefined));
  #control: ControlServer | undefined;
  #exitCode = 0;
  /** Why the start failed after all was there that must be taken down first. */
  #failure: Error | null = null;
  #stopping = false;
  /** Its log is about to be closed. */
  #isOver = false;
  #announceEnd: () => void = () => undefined;
  readonly #ended = new Promise<void>((resolve) => {
    this.#announceEnd = resolve;
  });

  constructor(config: CoreConfig, options: DaemonOptions, log: CoreLog) {
    this.#config = config;
    this.#options = options;
    this.#log = log;
    const { runDir, stateDir } = options;
    this.#supervisor = new Supervisor(config, { runDir, stateDir, subreaper: true });
    log.follow(this.#supervisor);
    this.#onlookers = new Onlookers(this.#supervisor, config, { runDir, stateDir, log });
    const { configFile, strict } = options;
    this.#reloads = new Reloads({ supervisor: this.#supervisor, log, configFile, strict, onlookers: this.#onlookers });
  }

  async run(): Promise<number> {
    onSignals({
      stop: (signal) => this.#stop(`${signal} received`),
      stopNow: (signal) => this.#stop(`${signal} received again`, { now: true }),
      reload: () => this.#hangUps.add(),
      meaningless: (signal) => {
        if (!this.#isOver) this.#log.say('info', `${signal} received, which means nothing to a core`);
      },
    });
    const onBug = (error: unknown) => this.#endOnBug(error);
    process.on('uncaughtException', onBug);
    process.on('unhandledRejection', onBug);
    try {
      this.#onlookers.starting();
      const starting = this.#start();
      // Told here already, for a stop in the middle of the start leaves nobody to wait for it.
      starting.catch(() => undefined);
      const report = await Promise.race([starting, this.#ended.then(() => null)]);
      if (report && !this.#stopping) this.#serve(report);
      await this.#ended;
      if (this.#failure) throw this.#failure;
    } finally {
      await this.#control?.close();
      this.#descriptors?.close();
      await this.#onlookers.close();
      this.#isOver = true;
      process.off('uncaughtException', onBug);
      process.off('unhandledRejection', onBug);
    }
    return this.#exitCode;
  }

  async #start(): Promise<StartReport | null> {
    await this.#supervisor.open();
    if (this.#stopping) return null;
    // Only from here on is anything written: before, the files may be those of the core that holds the directory.
    if (!isInMemory(this.#options.runDir)) {
      const why = 'is not in memory; its sockets would be faster and never left behind on tmpfs, as below /run';
      this.#log.say('warn', `the run directory ${this.#options.runDir} ${why}`);
    }
    this.#descriptors = new DescriptorWatch({ say: (level, text) => this.#log.say(level, text) });
    // It can be asked, and told to stop, while its modules start.
    await this.#openControl();
    return this.#stopping ? null : this.#supervisor.start();
  }

  #serve(report: StartReport): void {
    const errors = report.refused.map(({ error }) => error);
    const refused = errors.map(({ message }) => message);
    if (this.#options.strict && errors[0]) {
      this.#failure = new ModuleLoadError(errors[0].code, sentenceOfAll(errors), { cause: errors[0] });
      this.#stop('a module was refused, and --strict was given');
      return;
    }
    const warnings = this.#config.warnings.map(describeWarning);
    for (const warning of warnings) this.#log.say('warn', warning);
    const down = report.stopped;
    for (const name of down) this.#log.say('info', `${describeStopped(name)}`);
    const modules = this.#config.modules.length;
    const serving = `${modules - refused.length - down.length} of ${modules} modules are ready`;
    this.#log.say(
      'info',
      `mesibo-modules ${VERSION} serves ${this.#options.runDir} with pid ${process.pid}: ${serving}`,
    );
    this.#onlookers.serving();
    this.#hangUps.open();
    // Logged when they were found.
    warnings.push(...this.#supervisor.status().core.problems);
    this.#options.onServing?.({ pid: process.pid, modules, refused, stopped: down, warnings });
  }

  async #openControl(): Promise<void> {
    try {
      this.#control = await ControlServer.open({
        runDir: this.#options.runDir,
        core: this.#controlled(),
        maxMessageBytes: this.#config.maxMessageBytes,
        requestStop: () => this.#stop('asked to over the control socket'),
        warn: (text) => this.#log.say('warn', text),
      });
    } catch (error) {
      this.#failure = error as Error;
      this.#stop(`the control socket cannot be opened: ${this.#failure.message}`);
    }
    // The stop may have begun while the socket was being opened.
    if (this.#stopping) this.#control?.retire();
    else if (this.#control) this.#supervisor.keepFile(this.#control);
  }

  /** The supervisor, with what the core knows beside it. */
  #controlled(): ControlledCore {
    const supervisor = this.#supervisor;
    return {
      status: () => {
        const status = supervisor.status();
        const own = [this.#reloads, this.#log].flatMap((part) => part?.problems() ?? []);
        const problems = [...status.core.problems, ...own];
        return { ...status, core: { ...status.core, problems } };
      },
      onMessage: (params, payload) => supervisor.onMessage(params, payload),
      reload: (modules) => this.#reloads.reload(modules),
      order: async (order, module) => {
        const report = await this.#supervisor[`${order}Module`](module);
        for (const warning of report.warnings) this.#log.say('warn', warning);
        return report;
      },
      describe: (module) => supervisor.describeModule(module),
      on: (event, listener) => supervisor.on(event, listener),
      off: (event, listener) => supervisor.off(event, listener),
    };
  }

  #stop(why: string, how: { now?: boolean } = {}): void {
    if (this.#isOver || (this.#stopping && !how.now)) return;
    this.#stopping = true;
    this.#hangUps.close();
    this.#reloads.giveUp();
    this.#log.say('info', how.now ? `ending at once: ${why}` : `stopping: ${why}`);
    this.#control?.retire();
    this.#onlookers.stopping();
    this.#supervisor.stop(how).then(
      () => this.#announceEnd(),
      (error) => {
        this.#exitCode = 1;
        this.#log.say('error', `the stop failed: ${(error as Error).message}`);
        this.#announceEnd();
      },
    );
  }

  /** What state the core is in is not known any more: the hosts go with it, and a service manager starts it anew. */
  #endOnBug(error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#log.say('fatal', `internal error, the core ends: ${text}`);
    this.#exitCode = 1;
    this.#stop('internal error', { now: true });
  }
}

/**
 * An exit waits for the threads of Node's pool, and one of them hangs in a write that nobody reads. Everything else
 * is done by now.
 */
function endWithoutStdout(): void {
  process.kill(process.pid, 'SIGKILL');
}
