/** A whole core in a process: the public class that the daemon and embedding programs run. */

import { EventEmitter } from 'node:events';
import { resolve } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { describeWarning, strictError } from '../config/load.js';
import type { CoreConfig } from '../config/types.js';
import { IllegalStateError, ModuleLoadError, SupervisorError, sentenceOfAll } from '../errors.js';
import type { MetricsPage } from '../metrics/types.js';
import { VERSION } from '../paths.js';
import type { Supervisor } from '../supervisor/supervisor.js';
import type {
  CoreReloadReport,
  CoreStatus,
  Decision,
  DescribeOptions,
  EventOptions,
  LoginUser,
  MessageOptions,
  MessageParamsInput,
  ModuleDescription,
  OrderReport,
  Outcome,
  PromotionReport,
  QuarantinedMessage,
  QuarantineRequest,
  ShadowReport,
  StartReport,
  StatusOptions,
} from '../supervisor/types.js';
import { takeAll } from '../to-the-end.js';
import type { SayLevel } from './core-log.js';
import { describeStopped } from './describe-stopped.js';
import { Parts } from './parts.js';
import { originOf, PROGRAM_ORIGIN, ProgramTaker, type SendHandler, type TakeOptions } from './program-taker.js';
import type { CoreEnd, CoreEventMap, CoreOptions, StopOptions } from './types.js';

type Phase = 'new' | 'starting' | 'running' | 'stopping' | 'ended';

/**
 * A supervisor with everything that the daemon has: the command line reaches it, it logs to files, and it runs the program of
 * `on_event`. It starts once and stops once. It changes nothing in its process that it is not asked to change.
 */
export class Core extends EventEmitter<CoreEventMap> {
  readonly #config: CoreConfig;
  readonly #options: CoreOptions;
  #phase: Phase = 'new';
  #parts: Parts | null = null;
  #taker: ProgramTaker | null = null;
  #why = '';
  #failure: Error | null = null;
  #announceEnd: (end: CoreEnd) => void = () => undefined;
  /** Resolves when the core has ended for any reason: its locks are free, and its logs are written. Never rejects. */
  readonly ended = new Promise<CoreEnd>((resolve) => {
    this.#announceEnd = resolve;
  });

  /** @throws {IllegalStateError} in a worker thread */
  constructor(config: CoreConfig, options: CoreOptions) {
    super();
    if (!isMainThread) throw inWorker();
    this.setMaxListeners(0);
    this.#config = config;
    this.#options = { ...options, runDir: resolve(options.runDir), stateDir: resolve(options.stateDir) };
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
    if (this.#phase !== 'new') throw illegal('start', this.#phase);
    this.#phase = 'starting';
    try {
      const problem = this.#options.strict ? strictError(this.#config) : null;
      if (problem) throw problem;
      const parts = this.#assemble();
      this.#parts = parts;
      await parts.open();
      const report = this.#isStarting ? await parts.start() : null;
      if (report && this.#isStarting) return this.#serve(parts, report);
    } catch (error) {
      // An ordered stop is not the reason why a start failed.
      if (this.#isStarting) this.#stop(`the start failed: ${(error as Error).message}`, error as Error);
    }
    const { failure, why } = await this.ended;
    throw failure ?? new IllegalStateError('ILLEGAL_STATE', `start: the core was stopped meanwhile (${why})`);
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
   * @param options `modules`: only these, which get a new generation even if nothing changed. `wait: false`: do not wait for the
   * end of a probation
   * @throws {ReloadError} when a module cannot start; nothing has changed then
   * @throws {IllegalStateError} when the core does not run, or is stopped meanwhile; when there is no configuration to take
   */
  async reload(
    config?: CoreConfig,
    { modules = [], wait = true }: { modules?: readonly string[]; wait?: boolean } = {},
  ): Promise<CoreReloadReport> {
    if (this.#phase !== 'running') throw illegal('reload', this.#phase);
    return this.#use('reload').reloads.reload(config ?? null, modules, { wait });
  }

  /**
   * Says what {@link reload} would do now, as {@link Supervisor.planReload} does, and changes nothing. `on` announces nothing of it.
   *
   * @param config without it, the one that the `reload` of the options gives
   * @throws {ReloadError} when a module that would be started has no file
   * @throws {IllegalStateError} when the core does not run; when there is no configuration to look at
   */
  async planReload(config?: CoreConfig, options: { modules?: readonly string[] } = {}): Promise<CoreReloadReport> {
    if (this.#phase !== 'running') throw illegal('planReload', this.#phase);
    return this.#use('planReload').reloads.plan(config ?? null, options.modules ?? []);
  }

  /**
   * Sends a message through the chain. What modules send because of it goes to the function of {@link takeSends}, if there is
   * one, unless the options name another origin.
   *
   * @see Supervisor.onMessage
   */
  async onMessage(params: MessageParamsInput, payload: Uint8Array, options: MessageOptions = {}): Promise<Outcome> {
    const supervisor = this.#supervisor('onMessage');
    const origin = options.origin ?? (this.#taker === null ? null : originOf(params));
    return supervisor.onMessage(params, payload, origin === null ? options : { ...options, origin });
  }

  /**
   * Takes what modules send. Messages wait until they are taken, even over restarts. If no server can connect, call this before
   * {@link start}; otherwise nothing is kept.
   *
   * @returns a function that ends this. It resolves when no message is in progress. What was not taken waits for the next
   * taker.
   * @throws {IllegalStateError} when somebody takes already; when nothing is kept
   */
  takeSends(handler: SendHandler, { window = 64 }: TakeOptions = {}): () => Promise<void> {
    if (this.#taker !== null) throw new IllegalStateError('ILLEGAL_STATE', 'takeSends: a function already takes them');
    if (!Number.isInteger(window) || window < 1) {
      throw new SupervisorError('INVALID_ARGUMENT', 'takeSends: window must be a whole number from 1 on');
    }
    const taker = new ProgramTaker({
      handler,
      window,
      warn: (text) => this.say('warn', text),
    });
    this.#parts?.take(taker);
    this.#taker = taker;
    return async () => {
      await taker.close();
      if (this.#taker === taker) this.#taker = null;
    };
  }

  /** @see Supervisor.onMessageStatus */
  async onMessageStatus(params: MessageParamsInput, status: number, options: StatusOptions = {}): Promise<Decision> {
    return this.#supervisor('onMessageStatus').onMessageStatus(params, status, this.#from(options));
  }

  /** @see Supervisor.onLogin */
  async onLogin(user: LoginUser, options: EventOptions = {}): Promise<Decision> {
    return this.#supervisor('onLogin').onLogin(user, this.#from(options));
  }

  /** @see Supervisor.onCall */
  async onCall(options: EventOptions = {}): Promise<Decision> {
    return this.#supervisor('onCall').onCall(this.#from(options));
  }

  /** @see Supervisor.onCallStatus */
  async onCallStatus(options: EventOptions = {}): Promise<Decision> {
    return this.#supervisor('onCallStatus').onCallStatus(this.#from(options));
  }

  /** @see Supervisor.restartModule */
  async restartModule(name: string): Promise<OrderReport> {
    return this.#use('restartModule').order('restart', name);
  }

  /** @see Supervisor.startModule */
  async startModule(name: string): Promise<OrderReport> {
    return this.#use('startModule').order('start', name);
  }

  /** @see Supervisor.stopModule */
  async stopModule(name: string): Promise<OrderReport> {
    return this.#use('stopModule').order('stop', name);
  }

  /** @see Supervisor.resetModule */
  async resetModule(name: string): Promise<OrderReport> {
    return this.#use('resetModule').order('reset', name);
  }

  /** @see Supervisor.promoteModule */
  async promoteModule(name: string): Promise<PromotionReport> {
    return this.#use('promoteModule').promote(name);
  }

  /** @see Supervisor.shadowReport */
  shadowReport(name: string, options: { reset?: boolean } = {}): ShadowReport {
    return this.#use('shadowReport').supervisor.shadowReport(name, options);
  }

  /** @see Supervisor.describeModule */
  describeModule(name: string, options: DescribeOptions = {}): ModuleDescription {
    return this.#use('describeModule').describe(name, options);
  }

  /** @see Supervisor.quarantine */
  quarantine(request: QuarantineRequest): QuarantinedMessage[] {
    return this.#use('quarantine').supervisor.quarantine(request);
  }

  /** The state of everything, as `mesibo-modules status --json` prints it. @throws {IllegalStateError} before the start */
  status(): CoreStatus {
    return this.#use('status').status();
  }

  /**
   * The metrics of everything, in the text format of Prometheus, for a program that answers scrapes itself. The first call begins
   * to look how late the event loop is.
   *
   * @throws {IllegalStateError} before the start
   */
  async metrics(): Promise<MetricsPage> {
    return this.#use('metrics').metrics.read();
  }

  /** Writes a line into the log of the core, as long as it runs. */
  say(level: SayLevel, text: string): void {
    if (this.#parts?.isOpen) this.#parts.log.say(level, text);
  }

  /** What modules send because of an event of the program is for its function, if there is one. */
  #from<T extends EventOptions>(options: T): T {
    return options.origin || this.#taker === null ? options : { ...options, origin: PROGRAM_ORIGIN };
  }

  get #isStarting(): boolean {
    return this.#phase === 'starting';
  }

  /** @throws {IllegalStateError} before the start */
  #use(call: string): Parts {
    if (this.#parts === null) throw illegal(call, this.#phase);
    return this.#parts;
  }

  #supervisor(call: string): Supervisor {
    return this.#use(call).supervisor;
  }

  #assemble(): Parts {
    const parts = new Parts(this.#config, this.#options, this.#taker !== null, {
      onSaid: (line) => this.#announce('log', line),
      begun: () => this.#announce('reloading'),
      ended: (_, failure) => this.#announce('reloaded', failure),
      stopAsked: (why) => this.#stop(why),
    });
    const { supervisor } = parts;
    supervisor.on('log', (line) => this.emit('log', line));
    supervisor.on('lifecycle', (event) => this.emit('lifecycle', event));
    supervisor.on('sent', (sent) => this.emit('sent', sent));
    supervisor.on('watched', (event) => this.emit('watched', event));
    supervisor.on('wentBack', (event) => this.emit('wentBack', event));
    if (this.#taker !== null) parts.take(this.#taker);
    return parts;
  }

  #serve({ log }: Parts, report: StartReport): StartReport {
    const { refused, stopped } = report;
    const errors = refused.map(({ error }) => error);
    if (this.#options.strict && errors[0]) {
      throw new ModuleLoadError(errors[0].code, sentenceOfAll(errors), { cause: errors[0] });
    }
    this.#phase = 'running';
    for (const warning of this.#config.warnings) log.say('warn', describeWarning(warning));
    for (const name of stopped) log.say('info', `${describeStopped(name)}`);
    const modules = this.#config.modules.length;
    const ready = `${modules - refused.length - stopped.length} of ${modules} modules are ready`;
    const where = `${this.#options.runDir} with pid ${process.pid}`;
    log.say('info', `mesibo-modules ${VERSION} serves ${where}: ${ready}`);
    return report;
  }

  /** @param failure - what the start failed with */
  #stop(why: string, failure: Error | null = null, now = false): void {
    const isFirst = this.#phase !== 'stopping';
    if (this.#phase === 'ended' || (!isFirst && !now)) return;
    this.#phase = 'stopping';
    if (isFirst) {
      this.#why = why;
      this.#failure = failure;
    }
    // A part that fails must not keep the others from their end.
    void this.#attempt(() =>
      takeAll(
        () => now && this.#parts?.hurry(),
        () => this.say('info', now ? `ending at once: ${why}` : `stopping: ${why}`),
        () => isFirst && this.#parts?.retire(),
      ),
    );
    if (isFirst) {
      this.#announce('stopping', why);
      void this.#end(now);
    } else void this.#attempt(() => this.#parts?.supervisor.stop({ now }));
  }

  async #end(now: boolean): Promise<void> {
    await this.#attempt(() => this.#parts?.supervisor.stop({ now }));
    await this.#attempt(() => this.#parts?.close());
    this.#phase = 'ended';
    this.#announceEnd({ why: this.#why, failure: this.#failure });
  }

  /** Takes a step of the stop. Never rejects: what it fails with is logged, and is the failure of the core. */
  async #attempt(step: () => unknown): Promise<void> {
    try {
      await step();
    } catch (error) {
      this.#failure ??= error as Error;
      try {
        this.say('error', `the stop failed: ${(error as Error).message}`);
      } catch {
        // The log fails too.
      }
    }
  }

  /** As `emit`. A listener that throws must not interrupt the work in progress: its error surfaces on its own. */
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

function illegal(call: string, phase: Phase): IllegalStateError {
  const needed = call === 'start' ? 'new' : 'running';
  return new IllegalStateError('ILLEGAL_STATE', `${call}: the core is ${phase}, and must be ${needed}`);
}

function inWorker(): IllegalStateError {
  const what = 'a core runs only in the main thread, and this is a worker thread';
  const remedy = 'make it in the main thread, and let workers send their messages there';
  return new IllegalStateError('ILLEGAL_STATE', what, { remedy });
}
