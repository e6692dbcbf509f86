/** The public face: starts the modules, hands events through the chain, announces what happens. */

import { EventEmitter } from 'node:events';
import { join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { describeSpec } from '../config/describe.js';
import type { CoreConfig } from '../config/types.js';
import { findDescriptorProblem, readDescriptorUse } from '../descriptors.js';
import { IllegalStateError, MessageError, type SupervisorError } from '../errors.js';
import { VERSION } from '../paths.js';
import { CallEvent } from '../wire/call-event.js';
import type { Callback } from '../wire/event-kinds.js';
import { snapshotOf, toAddress, toLong } from '../wire/params.js';
import { BuildStore } from './builds/store.js';
import type { Members } from './calls/chain.js';
import { Conversation } from './calls/conversation.js';
import { Entrance } from './calls/entrance.js';
import { catchResolve, caught, DecisionJourney, type Doors, MessageJourney } from './calls/journeys.js';
import { Underway } from './calls/underway.js';
import { acquireRunDir, hostSocketPath, type RunDir } from './directories/run-dir.js';
import { type Kept, RunDirGuard } from './directories/run-dir-guard.js';
import { acquireStateDir, type StateDir } from './directories/state-dir.js';
import type { Module } from './module/module.js';
import { Roster } from './module/roster.js';
import type { UndeliveredKind } from './news/dropped-output.js';
import type { ModuleEvents } from './news/module-news.js';
import { moduleOfSentId, SentMessages, toStatusParams } from './news/sent-messages.js';
import { Orders } from './orders/orders.js';
import { StoppedModules } from './orders/stopped-modules.js';
import { Sweeper } from './recovery/sweeper.js';
import { LocalRunner } from './runner/local/local-runner.js';
import { removeEmptyDirectories } from './runner/local/working-directory.js';
import { AbiMemory } from './trials/abi-memory.js';
import type {
  Decision,
  LifecycleEvent,
  LoginUser,
  LogLine,
  MessageOptions,
  MessageParamsInput,
  ModuleDescription,
  OrderReport,
  Outcome,
  ReloadReport,
  SentMessage,
  StatusOptions,
  SupervisorStatus,
} from './types.js';

/** Where a supervisor keeps what it needs while it runs. */
export interface SupervisorOptions {
  /** Made with mode 0700 when it does not exist; only its owner may be able to write to it. One core at a time. */
  runDir: string;
  /**
   * Where what must outlive a run is kept, as which ABI a file was found to have; without it that is forgotten. Copies of the
   * modules' files are in it too; without it they are in the run directory, until the stop. Made with mode 0700 when it does
   * not exist. One core at a time.
   */
  stateDir?: string;
  /** Where black boxes are made; a memory file system. */
  boxDir?: string;
  /**
   * Makes this process the parent of what hosts leave behind, which is then ended with its host; without it, when the
   * supervisor stops. Only for a process that has no other children than those it starts with Node on this thread, and
   * for one supervisor in it at a time.
   */
  subreaper?: boolean;
}

/** How a start ended. */
export interface StartReport {
  /** Modules that could not be started; the others serve, and these are tried again now and then. */
  refused: { module: string; error: SupervisorError }[];
  /** Modules that an operator had stopped; they stay so until {@link Supervisor.startModule}. */
  stopped: string[];
}

/** What a supervisor announces; see `src/supervisor/types.ts`. */
export interface SupervisorEvents {
  /**
   * A module sent a message. When nobody listens, or a listener throws, its status 0x80 (not delivered) goes back to the
   * module.
   */
  message: [SentMessage];
  /** A module or one of its hosts changed its state. */
  lifecycle: [LifecycleEvent];
  /** A line of a module, of its process, or of the supervisor. */
  log: [LogLine];
}

const NO_MODULES: readonly Module[] = [];

/** Runs every configured module in a process of its own and decides on events by their chain. */
export class Supervisor extends EventEmitter<SupervisorEvents> {
  #config: CoreConfig;
  readonly #options: SupervisorOptions;
  readonly #startedMs = performance.now();
  readonly #doors: Doors = {
    entrance: new Entrance<Members>(() => this.#modules),
    underway: new Underway(),
  };
  readonly #sentMessages = new SentMessages();
  /** `opening`: takes the run directory; from `starting` on the chain is whole. */
  #state: 'new' | 'opening' | 'open' | 'starting' | 'running' | 'stopping' | 'stopped' = 'new';
  #opening: Promise<void> | null = null;
  #recovering: Promise<void> | null = null;
  #runDir: RunDir | null = null;
  #stateDir: StateDir | null = null;
  #guard: RunDirGuard | null = null;
  #sweeper: Sweeper | null = null;
  #builds: BuildStore | null = null;
  #roster: Roster | null = null;
  #orders: Orders | null = null;
  #stoppedModules = new StoppedModules(null);
  #abis = new AbiMemory(null);
  #stopped: Promise<void> | null = null;

  constructor(config: CoreConfig, options: SupervisorOptions) {
    super();
    // One for each command that watches what modules send.
    this.setMaxListeners(0);
    this.#config = config;
    // Hosts are started in it, and would look there for what is relative to the working directory.
    this.#options = { ...options, runDir: resolve(options.runDir) };
  }

  /**
   * Takes the run directory and ends what a killed core left; the modules are there and are not started. For those who
   * want to tell about them while they start; {@link start} does it itself.
   *
   * @throws {DirectoryError} when the run directory is held by another core or cannot be used
   * @throws {IllegalStateError} when called twice; when another supervisor is the subreaper
   */
  async open(): Promise<void> {
    this.#require('new', 'start');
    this.#state = 'opening';
    try {
      this.#opening = this.#open();
      await this.#opening;
    } catch (error) {
      await this.#close();
      throw error;
    }
    if (this.#state === 'opening') this.#state = 'open';
  }

  /**
   * Takes the run directory, ends what a killed core left, starts every module, and announces what modules had sent and
   * logged when that core was killed.
   *
   * @returns when each module is ready or refused, and all that is announced
   * @throws {DirectoryError} when the run directory is held by another core or cannot be used
   * @throws {IllegalStateError} when called twice, or stopped meanwhile; when another one is the subreaper
   */
  async start(): Promise<StartReport> {
    if (this.#state !== 'open') await this.open();
    this.#require('open', 'start');
    const wanted = this.#modules.filter(({ name }) => !this.#stoppedModules.has(name));
    const starts = wanted.map((module) => module.start());
    this.#state = 'starting';
    const started = this.#finishStart(starts);
    this.#orders = this.#takeOrders(started);
    const refusals = await started;
    const refused: StartReport['refused'] = [];
    refusals.forEach((error, i) => {
      if (error) refused.push({ module: wanted[i]?.name ?? '', error });
    });
    const stopped = this.#modules.filter(({ desired }) => desired === 'down').map(({ name }) => name);
    return { refused, stopped };
  }

  /**
   * Stops: takes no new events, lets those under way finish, then ends the modules in reverse order.
   *
   * @param options `now`: do not wait for anything; also while another stop is under way
   * @returns when every host is gone and the run directory is free
   */
  stop(options: { now?: boolean } = {}): Promise<void> {
    if (this.#state === 'new') this.#state = 'stopped';
    if (this.#state === 'stopped' && this.#stopped === null) return Promise.resolve();
    this.#state = 'stopping';
    for (const module of this.#roster?.all ?? []) module.expectStop();
    // A listener may order it in the middle of a change of state, which comes to its end first.
    if (options.now) queueMicrotask(() => this.#kill());
    this.#stopped ??= this.#stop(options.now ?? false);
    return this.#stopped;
  }

  /**
   * Sends a message through the chain.
   *
   * @returns the verdict, who consumed it, and the message as the modules left it
   * @throws {MessageError} when payload or an address is over its limit, or a parameter is no 64-bit integer
   * @throws {IllegalStateError} when the supervisor is not started
   */
  onMessage(params: MessageParamsInput, payload: Uint8Array, options?: MessageOptions): Promise<Outcome> {
    const outcome = new Promise<Outcome>(catchResolve);
    const resolve = caught<Outcome>();
    try {
      this.#take(params, payload, options?.sentBy, resolve);
    } catch (error) {
      return Promise.reject(error);
    }
    return outcome;
  }

  #take(
    params: MessageParamsInput,
    payload: Uint8Array,
    sentBy: string | undefined,
    resolve: (outcome: Outcome) => void,
  ): void {
    if (payload.length > this.#config.maxMessageBytes) {
      const limit = `more than max_message (${this.#config.maxMessageBytes})`;
      throw new MessageError('MESSAGE_TOO_LARGE', `the message has ${payload.length} bytes, ${limit}; it was refused`);
    }
    // A copy: the caller may use its buffer again before the last module has seen it.
    const event = CallEvent.message(params, payload);
    this.#requireServing('on_message');
    const nowMs = performance.now();
    const endMs = nowMs + this.#config.chainDeadlineMs;
    new MessageJourney(this.#doors, event, snapshotOf(params), endMs, sentBy, resolve).enter(nowMs);
  }

  /**
   * Tells what became of a message. The status of one that a module sent, known by `sentId`, or else by `id`, `from` and
   * `to` among the last 16,384, goes to that module alone; any other goes through the chain.
   *
   * @param params of the message; of one that a module sent, what is left out is as the module sent it
   * @param status becomes `params.status`
   * @throws {MessageError} as for {@link onMessage}; for a `sentId` that names no module
   * @throws {IllegalStateError} when the supervisor is not started
   */
  async onMessageStatus(params: MessageParamsInput, status: number, { sentId }: StatusOptions = {}): Promise<Decision> {
    this.#requireServing('on_message_status');
    const sent = this.#sentMessages.find(params, sentId);
    const sender = sentId ?? sent?.sentId;
    const wire = toStatusParams(sent?.params ?? {}, { ...params, status });
    const [event, conversation] = [CallEvent.status(wire), Conversation.ofStatus(wire)];
    if (sender === undefined) return this.#decide(event, conversation);
    const members = [this.#senderOf(sender)];
    return this.#go(event, conversation, (journey, nowMs) => journey.goBy(members, nowMs));
  }

  /**
   * Tells the chain that a user logged in.
   *
   * @throws {MessageError} when the address is over 64 KiB
   * @throws {IllegalStateError} when the supervisor is not started
   */
  async onLogin(user: LoginUser): Promise<Decision> {
    const login = {
      address: toAddress('address', user.address),
      online: toLong('online', user.online === false ? 0 : 1),
      flags: toLong('flags', user.flags ?? 0),
    };
    return this.#decide(CallEvent.login(login), Conversation.ofLogin(login));
  }

  /** Tells the chain of a call. @throws {IllegalStateError} when the supervisor is not started */
  async onCall(): Promise<Decision> {
    return this.#decide(CallEvent.empty('call'), Conversation.ofCalls);
  }

  /** Tells the chain of the status of a call. @throws {IllegalStateError} when the supervisor is not started */
  async onCallStatus(): Promise<Decision> {
    return this.#decide(CallEvent.empty('callStatus'), Conversation.ofCalls);
  }

  /**
   * Takes another configuration. A new generation of each module that changed, or whose file did, is started beside the
   * one that serves, and all of them take over when all are ready; no message is lost or gets a default for that. Settings
   * that need no new process are taken in place, modules are added, removed and put in order.
   *
   * @param options `modules`: only these, which get a new generation even if nothing changed
   * @throws {ReloadError} when a module cannot start; nothing has changed then
   * @throws {SupervisorError} `MODULE_UNKNOWN` for a name that neither configuration has
   * @throws {IllegalStateError} when the supervisor does not run, or is stopped meanwhile
   */
  reload(config: CoreConfig, options: { modules?: readonly string[] } = {}): Promise<ReloadReport> {
    const { modules = [] } = options;
    return this.#order('reload').reload(config, modules.length > 0 ? modules : null);
  }

  /**
   * Lets a module finish what it holds, ends it and starts it again; messages wait meanwhile, within their deadline. For
   * modules of which two cannot run at once; else {@link reload} it.
   *
   * @throws {SupervisorError} why it could not be started; `MODULE_UNKNOWN`; `ILLEGAL_STATE` for one that is stopped
   */
  async restartModule(name: string): Promise<OrderReport> {
    return this.#order('restart').restart(name);
  }

  /**
   * Starts a module that was stopped, or waits for its next start.
   *
   * @returns also when the state directory cannot be written: then with a warning, which stands in `status` too
   * @throws {SupervisorError} why it could not be started; `MODULE_UNKNOWN`
   */
  async startModule(name: string): Promise<OrderReport> {
    return this.#order('start').start(name);
  }

  /**
   * Stops a module, over reloads and restarts too, until it is started. Its verdict is its default, for the reason `down`.
   *
   * @returns as {@link startModule} does
   * @throws {SupervisorError} `MODULE_UNKNOWN`
   */
  async stopModule(name: string): Promise<OrderReport> {
    return this.#order('stop').stop(name);
  }

  /**
   * Sets a module's counters to 0, forgets its crashes, and starts it if it waits for its next start.
   *
   * @throws {SupervisorError} why it could not be started; `MODULE_UNKNOWN`
   */
  async resetModule(name: string): Promise<OrderReport> {
    return this.#order('reset').reset(name);
  }

  /**
   * Keeps a file or socket in the run directory, beside the supervisor's own: it is made again when somebody has removed
   * it. Only between {@link open} and the end of {@link stop}.
   *
   * @returns a function that ends that
   */
  keepFile(kept: Kept): () => void {
    return this.#guard?.keep(kept) ?? (() => undefined);
  }

  /**
   * Looks now whether others find this core: its run directory, its locks, and what {@link keepFile} was given. It looks by
   * itself too, at every change there and every few seconds. Resolves when all is there, or is a problem in the status.
   */
  async checkFiles(): Promise<void> {
    await this.#guard?.look();
  }

  /** Everything about one module. @throws {SupervisorError} `MODULE_UNKNOWN` */
  describeModule(name: string): ModuleDescription {
    if (this.#roster === null) this.#require('running', 'describe');
    const module = (this.#roster as Roster).find(name);
    return { ...module.status(), ...describeSpec(module.spec) };
  }

  /** The state of everything, as `mesibo-modules status --json` prints it. */
  status(): SupervisorStatus {
    const uptimeSeconds = Math.round((performance.now() - this.#startedMs) / 1000);
    return {
      core: {
        pid: process.pid,
        version: VERSION,
        uptimeSeconds,
        config: this.#config.file,
        problems: this.#problems(),
        recoveredSends: this.#sweeper?.recoveredSends ?? 0,
      },
      modules: this.#modules.map((module) => module.status()),
    };
  }

  #problems(): string[] {
    const all = [
      this.#stoppedModules.problem,
      this.#abis.problem,
      findDescriptorProblem(readDescriptorUse()),
      this.#stateDir?.problem ?? null,
      ...(this.#guard?.problems ?? []),
    ];
    return all.filter((problem) => problem !== null);
  }

  #decide(event: CallEvent, conversation: Conversation): Promise<Decision> {
    this.#requireServing(event.callback);
    return this.#go(event, conversation, (journey, nowMs) => journey.enter(nowMs));
  }

  #go(
    event: CallEvent,
    conversation: Conversation,
    begin: (journey: DecisionJourney, nowMs: number) => void,
  ): Promise<Decision> {
    const nowMs = performance.now();
    const endMs = nowMs + this.#config.chainDeadlineMs;
    return new Promise((resolve) =>
      begin(new DecisionJourney(this.#doors, event, conversation, endMs, resolve), nowMs),
    );
  }

  get #modules(): readonly Module[] {
    return this.#roster?.chain ?? NO_MODULES;
  }

  #order(order: string): Orders {
    if (this.#orders === null) this.#require('running', order);
    return this.#orders as Orders;
  }

  /** @returns when each module is ready or refused, with the refusals, and all is announced that a killed core left */
  async #finishStart(starts: Promise<SupervisorError | null>[]): Promise<(SupervisorError | null)[]> {
    const refusals = await Promise.all(starts);
    this.#recovering = this.#sweeper?.recover(() => this.#state === 'starting') ?? null;
    await this.#recovering;
    void this.#builds?.collect();
    if (this.#state === 'starting') this.#state = 'running';
    return refusals;
  }

  #takeOrders(started: Promise<unknown>): Orders {
    const core = {
      roster: this.#roster as Roster,
      stopped: this.#stoppedModules,
      requireRunning: (order: string) => this.#require('running', order),
      config: () => this.#config,
      adopt: (next: CoreConfig) => {
        // Memory that is made for messages of this size.
        const { maxMessageBytes, blackBoxBytes } = this.#config;
        this.#config = { ...next, maxMessageBytes, blackBoxBytes };
      },
      underway: () => this.#doors.underway.settled(),
      carriedOut: () => void this.#builds?.collect(),
    };
    return new Orders(core, started);
  }

  #senderOf(sentId: string): Module {
    const name = moduleOfSentId(sentId);
    const module = this.#modules.find((module) => module.name === name);
    if (module) return module;
    const given = JSON.stringify(sentId.slice(0, 200));
    const remedy = 'give the one that the message was announced with, or none';
    throw new MessageError('INVALID_ARGUMENT', `the sentId ${given} names no module of this supervisor; ${remedy}`);
  }

  #requireServing(call: Callback): void {
    if (this.#state !== 'running' && this.#state !== 'starting') this.#require('running', call);
  }

  #require(state: 'new' | 'open' | 'running', call: string): void {
    if (this.#state === state) return;
    throw new IllegalStateError('ILLEGAL_STATE', `${call}: the supervisor is ${this.#state}, and must be ${state}`);
  }

  async #open(): Promise<void> {
    // As long as that of every host.
    hostSocketPath(this.#options.runDir);
    const { stateDir = null, boxDir = '/dev/shm' } = this.#options;
    this.#runDir = acquireRunDir(this.#options.runDir);
    this.#guard = new RunDirGuard(this.#runDir, { say: (text) => this.#warn(text) });
    if (stateDir !== null) {
      this.#stateDir = acquireStateDir(stateDir, this.#runDir.path);
      this.#guard.keep(this.#stateDir);
      if (this.#stateDir.problem) this.#warn(this.#stateDir.problem);
    }
    const { maxMessageBytes, modules } = this.#config;
    const { log } = this.#announce();
    const message = (sent: SentMessage) => void this.#tell(sent);
    const { subreaper = false } = this.#options;
    const around = { runDir: this.#runDir, boxDir: this.#boxDir, maxMessageBytes, subreaper };
    this.#sweeper = new Sweeper({ ...around, message, log });
    await this.#sweeper.sweep();
    this.#abis = new AbiMemory(stateDir);
    this.#stoppedModules = new StoppedModules(stateDir);
    if (this.#stoppedModules.problem) this.#warn(this.#stoppedModules.problem);
    const { path: runDirPath, runId } = this.#runDir;
    const { blackBoxBytes, heartbeatMs, queueBytes } = this.#config;
    const inUse = () => this.#roster?.all.flatMap((module) => module.builds) ?? [];
    this.#builds = new BuildStore(join(resolve(stateDir ?? runDirPath), 'builds'), inUse);
    this.#roster = new Roster(
      {
        runner: new LocalRunner({
          runId,
          runDir: runDirPath,
          stateDir,
          boxDir,
          blackBoxBytes,
          maxMessageBytes,
          orphans: this.#sweeper.orphans,
        }),
        runId,
        abis: this.#abis,
        builds: this.#builds,
        maxMessageBytes,
        heartbeatMs,
        queueBytes,
      },
      this.#announce(),
    );
    for (const spec of modules) this.#roster.add(spec);
    this.#roster.arrange(modules.map(({ name }) => name));
  }

  #warn(text: string): void {
    const line = { time: Date.now(), module: null, generation: null, source: 'supervisor', level: 1, text } as const;
    this.#emit(() => this.emit('log', line));
  }

  #announce(): ModuleEvents {
    return {
      message: (sent, params) => {
        this.#sentMessages.remember(sent, params);
        return this.#tell(sent);
      },
      lifecycle: (event) => this.#emit(() => this.emit('lifecycle', event)),
      log: (line) => this.#emit(() => this.emit('log', line)),
    };
  }

  /** @returns why nobody took it; `null`: somebody did */
  #tell(sent: SentMessage): UndeliveredKind | null {
    if (this.listenerCount('message') === 0) return 'unheard';
    return this.#emit(() => this.emit('message', sent)) ? null : 'failed';
  }

  /**
   * A listener that throws must not tear a state change apart: its error surfaces on its own.
   *
   * @returns whether none did
   */
  #emit(emit: () => void): boolean {
    try {
      emit();
      return true;
    } catch (error) {
      setImmediate(() => {
        throw error;
      });
      return false;
    }
  }

  get #boxDir(): string {
    return this.#options.boxDir ?? '/dev/shm';
  }

  #kill(): void {
    for (const module of this.#roster?.all ?? []) module.kill();
  }

  async #stop(now: boolean): Promise<void> {
    // A start under way sees the new state first, and starts nothing.
    await this.#opening?.catch(() => undefined);
    if (!now) await this.#doors.underway.settled();
    for (const module of this.#roster?.all.reverse() ?? []) await module.stop();
    await this.#orders?.settled();
    await this.#recovering;
    await this.#close();
  }

  async #close(): Promise<void> {
    await this.#sweeper?.close();
    await this.#guard?.close();
    this.#state = 'stopped';
    if (this.#runDir) removeEmptyDirectories(this.#runDir.path);
    // Those in the run directory go with it.
    if (this.#options.stateDir === undefined) await this.#builds?.clear();
    this.#stateDir?.release();
    this.#stateDir = null;
    this.#runDir?.release();
    this.#runDir = null;
  }
}
