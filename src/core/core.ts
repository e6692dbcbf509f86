/** A whole core in a process of somebody's: supervisor, control socket, logs and `on_event` put together. */

import { EventEmitter } from 'node:events';
import { resolve } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { describeWarning, strictError } from '../config/load.js';
import type { CoreConfig } from '../config/types.js';
import { controlSocketPath } from '../control/endpoint.js';
import type { ControlledCore } from '../control/server.js';
import { isInMemory, makeStateDir } from '../directories.js';
import { IllegalStateError, ModuleLoadError, sentenceOfAll } from '../errors.js';
import { VERSION } from '../paths.js';
import { makeRunDir } from '../supervisor/directories/run-dir.js';
import { Supervisor } from '../supervisor/supervisor.js';
import type { CoreReloadReport, StartReport, SupervisorStatus } from '../supervisor/types.js';
import { CoreLog, type SayLevel } from './core-log.js';
import { describeStopped } from './describe-stopped.js';
import { DescriptorWatch } from './descriptor-watch.js';
import { Doors } from './doors.js';
import { EventTeller } from './events/teller.js';
import { Reloads } from './reloads.js';
import type { CoreEnd, CoreEventMap, CoreOptions, StopOptions } from './types.js';

type Phase = 'new' | 'starting' | 'running' | 'stopping' | 'ended';

/**
 * A supervisor with all that the daemon has: the command line reaches it, it logs into files, and it runs the program of
 * `on_event`. It starts once and stops once. It changes nothing of its process but what it is asked to.
 */
export class Core extends EventEmitter<CoreEventMap> {
  readonly #config: CoreConfig;
  readonly #options: CoreOptions;
  readonly #log: CoreLog;
  readonly #supervisor: Supervisor;
  readonly #reloads: Reloads;
  readonly #teller: EventTeller;
  readonly #doors: Doors;
  #descriptors: DescriptorWatch | undefined;
  #phase: Phase = 'new';
  /** Resolves when there is nothing any more that a stop must take down. */
  #opened: Promise<void> = Promise.resolve();
  /** The directories are this core's: before, the log files may be those of another one. */
  #mayLog = false;
  #why = '';
  #failure: Error | null = null;
  #announceEnd: (end: CoreEnd) => void = () => undefined;
  /** Resolves when the core has ended, whoever asked for it: its locks are free, and its logs are written. Never rejects. */
  readonly ended = new Promise<CoreEnd>((resolve) => {
    this.#announceEnd = resolve;
  });

  /** @throws {IllegalStateError} in a worker thread */
  constructor(config: CoreConfig, options: CoreOptions) {
    super();
    if (!isMainThread) throw inWorker();
    this.setMaxListeners(0);
    const [runDir, stateDir] = [resolve(options.runDir), resolve(options.stateDir)];
    this.#config = config;
    this.#options = { ...options, runDir, stateDir };
    const { logSizeBytes: sizeBytes, logKeep: keep } = config;
    const { logTo: sink = null, strict = false, reload: read = null, boxDir, subreaper = false } = options;
    const log = new CoreLog({ stateDir, sink, sizeBytes, keep, onSaid: (line) => this.#announce('log', line) });
    this.#log = log;
    const supervisor = new Supervisor(config, { runDir, stateDir, subreaper, ...(boxDir && { boxDir }) });
    this.#supervisor = supervisor;
    log.follow(supervisor);
    this.#teller = new EventTeller(supervisor, config, { runDir, stateDir, log });
    this.#reloads = new Reloads({
      supervisor,
      log,
      read,
      strict,
      begun: () => this.#announce('reloading'),
      ended: (taken, failure) => this.#endReload(taken, failure),
    });
    this.#doors = new Doors({ runDir, supervisor, warn: (text) => log.say('warn', text) });
    supervisor.on('log', (line) => this.emit('log', line));
    supervisor.on('lifecycle', (event) => this.emit('lifecycle', event));
    supervisor.on('sent', (sent) => this.emit('sent', sent));
  }

  /**
   * Takes the directories, ends what a killed core left, starts every module, and serves.
   *
   * @returns when each module is ready or refused
   * @throws {ConfigError} with `strict`, for a warning of the configuration
   * @throws {DirectoryError} when a directory is held by another core or cannot be used
   * @throws {ModuleLoadError} with `strict`, when a module is refused
   * @throws {IllegalStateError} when called twice, or stopped meanwhile. Nothing is left of a core that could not be started.
   */
  async start(): Promise<StartReport> {
    if (this.#phase !== 'new') throw illegal('start', this.#phase, 'new');
    this.#phase = 'starting';
    try {
      const opened = this.#open();
      this.#opened = opened.catch(() => undefined);
      await opened;
      const report = this.#isStarting ? await this.#supervisor.start() : null;
      if (report && this.#isStarting) return this.#serve(report);
    } catch (error) {
      // A stop that was asked for is not what fails a start.
      if (this.#isStarting) this.#stop(`the start failed: ${(error as Error).message}`, error as Error);
    }
    const { failure } = await this.ended;
    throw failure ?? new IllegalStateError('ILLEGAL_STATE', `start: the core was stopped meanwhile (${this.#why})`);
  }

  /**
   * Stops: takes nothing new, lets what is in progress finish, ends the modules, and gives everything back.
   *
   * @returns when nothing is left of the core: its locks are free, and its logs are written
   */
  async stop({ now = false, why = 'asked to by its program' }: StopOptions = {}): Promise<void> {
    this.#stop(why, null, now);
    await this.ended;
  }

  /**
   * Takes another configuration, as {@link Supervisor.reload} does.
   *
   * @param config without it, the one that the `reload` of the options gives
   * @param options `modules`: only these, which get a new generation even if nothing changed
   * @throws {ReloadError} when a module cannot start; nothing has changed then
   * @throws {IllegalStateError} when the core does not run, or is stopped meanwhile; when there is no configuration to take
   */
  async reload(config?: CoreConfig, options: { modules?: readonly string[] } = {}): Promise<CoreReloadReport> {
    if (this.#phase !== 'running') throw illegal('reload', this.#phase, 'running');
    return this.#reloads.reload(config ?? null, options.modules ?? []);
  }

  /** The state of everything, as `mesibo-modules status --json` prints it. */
  status(): SupervisorStatus {
    const status = this.#supervisor.status();
    const problems = [this.#reloads, this.#log].flatMap((part) => part.problems());
    return { ...status, core: { ...status.core, problems: [...status.core.problems, ...problems] } };
  }

  /** Writes a line into the log of the core. */
  say(level: SayLevel, text: string): void {
    this.#log.say(level, text);
  }

  get #isStarting(): boolean {
    return this.#phase === 'starting';
  }

  async #open(): Promise<void> {
    const { runDir, stateDir, strict = false } = this.#options;
    const problem = strict ? strictError(this.#config) : null;
    if (problem) throw problem;
    controlSocketPath(runDir);
    // First, because the state directory may be in it.
    makeRunDir(runDir);
    makeStateDir(stateDir);
    await this.#supervisor.open();
    this.#mayLog = true;
    if (!this.#isStarting) return;
    if (!isInMemory(runDir)) {
      const why = 'is not in memory; its sockets would be faster and never left behind on tmpfs, as below /run';
      this.#log.say('warn', `the run directory ${runDir} ${why}`);
    }
    this.#descriptors = new DescriptorWatch({ say: (level, text) => this.#log.say(level, text) });
    // It can be asked, and told to stop, while its modules start.
    await this.#doors.open(this.#controlled(), this.#config.maxMessageBytes, (why) => this.#stop(why));
  }

  #serve(report: StartReport): StartReport {
    const { refused, stopped } = report;
    const errors = refused.map(({ error }) => error);
    if (this.#options.strict && errors[0]) {
      const failure = new ModuleLoadError(errors[0].code, sentenceOfAll(errors), { cause: errors[0] });
      this.#stop('a module was refused, and "strict" was asked for', failure);
      throw failure;
    }
    this.#phase = 'running';
    for (const warning of this.#config.warnings) this.#log.say('warn', describeWarning(warning));
    for (const name of stopped) this.#log.say('info', `${describeStopped(name)}`);
    const modules = this.#config.modules.length;
    const ready = `${modules - refused.length - stopped.length} of ${modules} modules are ready`;
    const where = `${this.#options.runDir} with pid ${process.pid}`;
    this.#log.say('info', `mesibo-modules ${VERSION} serves ${where}: ${ready}`);
    return report;
  }

  /** The supervisor, with what the core knows beside it. */
  #controlled(): ControlledCore {
    const supervisor = this.#supervisor;
    return {
      status: () => this.status(),
      onMessage: (params, payload) => supervisor.onMessage(params, payload),
      reload: (modules) => this.#reloads.reload(null, modules),
      order: async (order, module) => {
        const report = await supervisor[`${order}Module`](module);
        for (const warning of report.warnings) this.#log.say('warn', warning);
        return report;
      },
      describe: (module) => supervisor.describeModule(module),
      on: (event, listener) => supervisor.on(event, listener),
      off: (event, listener) => supervisor.off(event, listener),
    };
  }

  #endReload(taken: CoreConfig | null, failure: Error | null): void {
    if (taken) this.#teller.reloaded(taken);
    this.#announce('reloaded', failure);
    if (failure) this.#teller.reloadFailed(failure.message);
  }

  /** @param failure - what the start failed with */
  #stop(why: string, failure: Error | null = null, now = false): void {
    if (this.#phase === 'ended') return;
    const isFirst = this.#phase !== 'stopping';
    if (!isFirst && !now) return;
    this.#phase = 'stopping';
    if (this.#mayLog) this.#log.say('info', now ? `ending at once: ${why}` : `stopping: ${why}`);
    if (now && !isFirst) {
      void this.#supervisor.stop({ now });
      return;
    }
    this.#why = why;
    this.#failure = failure;
    this.#reloads.giveUp();
    this.#doors.retire();
    this.#announce('stopping', why);
    void this.#end(this.#supervisor.stop({ now }));
  }

  async #end(stopped: Promise<void>): Promise<void> {
    try {
      await stopped;
    } catch (error) {
      this.#failure ??= error as Error;
      this.#log.say('error', `the stop failed: ${(error as Error).message}`);
    }
    await this.#opened;
    await this.#doors.close();
    this.#descriptors?.close();
    await this.#teller.close();
    await this.#log.close();
    this.#phase = 'ended';
    this.#announceEnd({ why: this.#why, failure: this.#failure });
  }

  /** As {@link EventEmitter.emit}; a listener that throws must not tear what is going on apart: its error surfaces on its own. */
  #announce<K extends keyof CoreEventMap>(event: K, ...args: CoreEventMap[K]): void {
    try {
      (this as EventEmitter).emit(event, ...args);
    } catch (error) {
      setImmediate(() => {
        throw error;
      });
    }
  }
}

function illegal(call: string, phase: Phase, needed: Phase): IllegalStateError {
  return new IllegalStateError('ILLEGAL_STATE', `${call}: the core is ${phase}, and must be ${needed}`);
}

function inWorker(): IllegalStateError {
  const remedy = 'make it in the main thread, and let workers send their messages there';
  return new IllegalStateError('ILLEGAL_STATE', 'a core runs in the main thread alone, and this is a worker', {
    remedy,
  });
}
