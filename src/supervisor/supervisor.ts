/** The public face: starts the modules, hands events through the chain, announces what happens. */

import { EventEmitter } from 'node:events';
import { resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { type DescribeOptions, describeSpec } from '../config/describe.js';
import type { CoreConfig } from '../config/types.js';
import { findDescriptorProblem, readDescriptorUse } from '../descriptors.js';
import { IllegalStateError, type SupervisorError } from '../errors.js';
import { VERSION } from '../paths.js';
import { takeAllInTurn } from '../to-the-end.js';
import type { CallEvent } from '../wire/call-event.js';
import type { Callback } from '../wire/event-kinds.js';
import { fromWireParams, type WireParams } from '../wire/params.js';
import type { Kept } from './directories/run-dir-guard.js';
import { Household } from './household.js';
import type { Module } from './module/module.js';
import { Announcer } from './news/announcer.js';
import { SentMessages } from './news/sent-messages.js';
import { Orders } from './orders/orders.js';
import { notAShadow } from './orders/promotions.js';
import { inForceAfter } from './orders/reload-plan.js';
import { Premises } from './premises.js';
import { Reception } from './reception.js';
import { GONE, type Opening, type Serving, type State, type Stoppable, type Stopping } from './state.js';
import type {
  Decision,
  EventOptions,
  LoginUser,
  MessageOptions,
  MessageParamsInput,
  ModuleCondition,
  ModuleDescription,
  ModuleFigures,
  OrderReport,
  Origin,
  Outcome,
  OutcomeTaker,
  PromotionReport,
  QuarantinedMessage,
  QuarantineRequest,
  ReloadReport,
  SenderOptions,
  SendKeeper,
  ShadowReport,
  StartReport,
  StatusOptions,
  SupervisorEvents,
  SupervisorOptions,
  SupervisorStatus,
  Takeover,
} from './types.js';
import type { Watches } from './watch/watches.js';
import { watchModules } from './watch-modules.js';

const NO_MODULES: readonly Module[] = [];

/** Runs every configured module in a process of its own and decides on events by their chain. */
export class Supervisor extends EventEmitter<SupervisorEvents> {
  #config: CoreConfig;
  readonly #options: SupervisorOptions;
  readonly #startedMs = performance.now();
  readonly #sentMessages = new SentMessages();
  readonly #keeper: SendKeeper | null;
  readonly #announcer: Announcer;
  readonly #reception = new Reception({
    config: () => this.#config,
    modules: () => this.#modules,
    sentMessages: this.#sentMessages,
    requireServing: (callback) => {
      if (this.#state.kind !== 'running' && this.#state.kind !== 'starting') this.#requireRunning(callback);
    },
  });
  #watches: Watches | null = null;
  #state: State = { kind: 'new' };

  constructor(config: CoreConfig, options: SupervisorOptions) {
    super();
    // One for each command that watches what modules send.
    this.setMaxListeners(0);
    this.#config = config;
    // Hosts are started in it, and would look there for what is relative to the working directory.
    this.#options = { ...options, runDir: resolve(options.runDir) };
    this.#keeper = options.sendKeeper ?? null;
    this.#announcer = new Announcer(this, this.#sentMessages, this.#keeper, options.crashKeeper ?? null);
    this.#keeper?.onFull((module, isFull) => this.#household?.roster.closeSends(module, isFull));
  }

  /**
   * Takes the run directory and ends what a killed core left. The modules then exist but are not started. Call it to announce
   * modules while they start; otherwise {@link start} does it.
   *
   * @throws {DirectoryError} when the run directory is held by another core or cannot be used
   * @throws {IllegalStateError} when called twice; when another supervisor is the subreaper
   */
  async open(): Promise<void> {
    if (this.#state.kind !== 'new') this.#refuse('start', 'new');
    const opening = this.#beginToOpen();
    this.#state = opening;
    try {
      const household = await opening.opened;
      if (this.#state === opening) this.#state = { kind: 'open', household };
    } catch (error) {
      await opening.premises.close();
      this.#state = GONE;
      throw error;
    }
  }

  /**
   * Takes the run directory, ends what a killed core left, starts every module, and announces what modules had sent and
   * logged when that core was killed. Where a `sendKeeper` takes what they send, it is given that before the modules start.
   *
   * @returns when each module is ready or refused, and all that is announced
   * @throws {DirectoryError} when the run directory is held by another core or cannot be used
   * @throws {IllegalStateError} when called twice, or stopped meanwhile; when another one is the subreaper
   */
  async start(): Promise<StartReport> {
    if (this.#state.kind !== 'open') await this.open();
    const { household } = this.#state.kind === 'open' ? this.#state : this.#refuse('start', 'open');
    // What modules sent keeps its order.
    if (this.#keeper !== null) await this.#recover(household);
    const wanted = household.present.filter(({ name }) => !household.stopped.has(name));
    const starts = wanted.map((module) => module.start());
    const started = this.#finishStart(household, starts);
    this.#state = { kind: 'starting', household, orders: this.#takeOrders(household, started) };
    this.#options.onTaking?.();
    const refusals = await started;
    const refused: StartReport['refused'] = [];
    refusals.forEach((error, i) => {
      if (error) refused.push({ module: wanted[i]?.name ?? '', error });
    });
    const stopped = household.present.filter(({ desired }) => desired === 'down').map(({ name }) => name);
    return { refused, stopped };
  }

  /**
   * Stops: takes no new events, lets those in progress finish, then ends the modules in reverse order.
   *
   * @param options `now`: do not wait for anything; also while another stop is under way
   * @returns when every host is gone and the run directory is free
   */
  stop(options: { now?: boolean } = {}): Promise<void> {
    const state = this.#state;
    if (state.kind === 'new') this.#state = GONE;
    if (state.kind === 'new' || state.kind === 'stopped') return Promise.resolve();
    const stopping = state.kind === 'stopping' ? state : this.#beginToStop(state, options.now ?? false);
    // As in #stop: not in the middle of a change of state.
    if (options.now) queueMicrotask(() => stopping.household?.roster.all.map((module) => module.kill()));
    return stopping.stopped;
  }

  /**
   * Sends a message through the chain.
   *
   * @returns the verdict, who consumed it, and the message as the modules left it
   * @throws {MessageError} when payload or an address is over its limit, or a parameter is no 64-bit integer
   * @throws {IllegalStateError} when the supervisor is not started
   */
  onMessage(params: MessageParamsInput, payload: Uint8Array, options?: MessageOptions): Promise<Outcome> {
    return this.#reception.onMessage(params, payload, options);
  }

  /**
   * Tells what became of a message. If a module sent the message, the status goes to that module alone. It is found by
   * `sentId`, or else by `id`, `from` and `to` among the last 16,384. Any other status goes through the chain.
   *
   * @param params of the message; fields that are left out are taken from the message if a module sent it
   * @param status becomes `params.status`
   * @throws {MessageError} as for {@link onMessage}; for a `sentId` that names no module
   * @throws {IllegalStateError} when the supervisor is not started
   */
  async onMessageStatus(params: MessageParamsInput, status: number, options: StatusOptions = {}): Promise<Decision> {
    return this.#reception.onMessageStatus(params, status, options);
  }

  /**
   * Tells the module that sent a message what became of it, beside all that goes through the chain.
   *
   * @param params as for {@link onMessageStatus}
   * @returns whether the module was given it, or has no callback for it. `false`: the module was down or had no time before its
   * deadline; tell it again later. Resolves when that is known, perhaps some time after the deadline.
   * @throws as {@link onMessageStatus}
   */
  async tellSender(params: MessageParamsInput, status: number, options: SenderOptions): Promise<boolean> {
    return this.#reception.tellSender(params, status, options);
  }

  /**
   * Tells the chain that a user logged in.
   *
   * @throws {MessageError} when the address is over 64 KiB
   * @throws {IllegalStateError} when the supervisor is not started
   */
  async onLogin(user: LoginUser, options: EventOptions = {}): Promise<Decision> {
    return this.#reception.onLogin(user, options);
  }

  /** Tells the chain of a call. @throws {IllegalStateError} when the supervisor is not started */
  async onCall(options: EventOptions = {}): Promise<Decision> {
    return this.#reception.onCall('call', options);
  }

  /** Tells the chain of the status of a call. @throws {IllegalStateError} when the supervisor is not started */
  async onCallStatus(options: EventOptions = {}): Promise<Decision> {
    return this.#reception.onCall('callStatus', options);
  }

  /**
   * Takes an encoded event, for doors. It goes the same way as with {@link onMessage} and the others, without a promise.
   *
   * @param event in the form that `CallEvent` writes; only its size is checked
   * @param taker is told the outcome, maybe before this returns
   * @param sentBy the module that sent this message: it is not offered to it again
   * @throws {MessageError} when the payload is over its limit
   * @throws {IllegalStateError} when the supervisor is not started
   */
  submit(event: CallEvent, origin: Origin | null, taker: OutcomeTaker, sentBy?: string): void {
    this.#reception.submit(event, origin, taker, sentBy);
  }

  /**
   * Takes another configuration. Each module whose settings or file changed gets a new generation beside the serving one. All
   * of them take over when all are ready. No message is lost or gets a default because of this. Settings that need no new
   * process change in place. Modules are added, removed and put in order.
   *
   * A module with `probation` keeps its old hosts for that time. When a new one fails in it, the old ones take over again, with
   * their settings. This resolves when it is known, with `wentBack` and `cutShort`; other orders need not wait for that. A reload of
   * all modules that changes none of them waits for the probations that an earlier one has begun.
   *
   * @param options `modules`: only these, which get a new generation even if nothing changed. `wait: false`: do not wait for the
   * end of a probation
   * @throws {ReloadError} when a module cannot start; nothing has changed then
   * @throws {SupervisorError} `MODULE_UNKNOWN` for a name that neither configuration has
   * @throws {IllegalStateError} when the supervisor does not run, or is stopped meanwhile
   */
  async reload(
    config: CoreConfig,
    { modules = [], wait = true }: { modules?: readonly string[]; wait?: boolean } = {},
  ): Promise<ReloadReport> {
    const { report, settled } = await this.takeOver(config, { modules });
    return wait ? { ...report, probation: [], ...(await settled) } : report;
  }

  /** As {@link reload}, and resolves when the new hosts have taken over: those on probation may still go back. */
  takeOver(config: CoreConfig, { modules = [] }: { modules?: readonly string[] } = {}): Promise<Takeover> {
    return this.#order('reload').reload(config, modules.length > 0 ? modules : null);
  }

  /**
   * Says what {@link reload} would do now, and changes nothing. It looks at the files of the modules, and starts none of them: a
   * module that cannot start is found by a reload alone.
   *
   * @throws {ReloadError} when a module that would be started has no file
   * @throws {SupervisorError} `MODULE_UNKNOWN` for a name that neither configuration has
   * @throws {IllegalStateError} when the supervisor does not run
   */
  async planReload(config: CoreConfig, options: { modules?: readonly string[] } = {}): Promise<ReloadReport> {
    const { modules = [] } = options;
    return this.#order('reload').planReload(config, modules.length > 0 ? modules : null);
  }

  /**
   * Lets a module finish what it holds, ends it and starts it again. Messages wait meanwhile, within their deadline. Use it for
   * modules of which two cannot run at once; otherwise use {@link reload}.
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
   * Stops a module until it is started, even if the core reloads or restarts. Its verdict is its default, with the reason
   * `down`.
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
   * Lets a shadow and its primary exchange their versions: the module of the chain runs what the shadow ran, and the shadow what
   * the module ran. No message is lost or gets a default because of this. The next reload goes by the configuration.
   *
   * @throws {ReloadError} when a version cannot start in its new place; nothing has changed then
   * @throws {SupervisorError} `MODULE_UNKNOWN`; `ILLEGAL_STATE` for a module that is no shadow; when one of both does not serve, is on
   * probation, or has another file than it loaded; and when both run the same version
   */
  async promoteModule(name: string): Promise<PromotionReport> {
    return this.#order('promote').promote(name);
  }

  /**
   * How a shadow compares with its primary.
   *
   * @param options `reset`: count from 0 after this
   * @throws {SupervisorError} `MODULE_UNKNOWN`; `ILLEGAL_STATE` for a module that is no shadow
   */
  shadowReport(name: string, { reset = false }: { reset?: boolean } = {}): ShadowReport {
    const { roster } = this.#household ?? this.#requireRunning('shadow').household;
    const report = roster.report(name) ?? notAShadow(name);
    if (reset) roster.resetTallies(name);
    return report;
  }

  /**
   * Keeps another file or socket in the run directory: it is made again when somebody removes it. Only between {@link open} and
   * the end of {@link stop}.
   *
   * @returns a function that ends that
   */
  keepFile(kept: Kept): () => void {
    return this.#premises?.guard.keep(kept) ?? (() => undefined);
  }

  /**
   * Looks now whether others find this core: its run directory, its locks, and what {@link keepFile} was given. It looks by
   * itself too, at every change there and every few seconds. Resolves when all is there, or is a problem in the status.
   */
  async checkFiles(): Promise<void> {
    await this.#premises?.guard.look();
  }

  /**
   * The callbacks that any module of the chain has. An event for another callback passes, so it need not be given. A module
   * that was never ready counts as having all. The event `callbacks` tells when they change.
   */
  callbacks(): Callback[] {
    return this.#household?.roster.callbacks ?? [];
  }

  /**
   * Remembers a message of a module that an earlier core announced, or that was forgotten. {@link onMessageStatus} can then
   * fill in what its caller leaves out.
   *
   * @param params as the module has them; kept as they are
   */
  recallSent(sentId: string, params: WireParams): void {
    this.#sentMessages.recall({ sentId, params: fromWireParams(params) }, params);
  }

  /** Everything about one module; its secrets only if asked for. @throws {SupervisorError} `MODULE_UNKNOWN` */
  describeModule(name: string, options: DescribeOptions = {}): ModuleDescription {
    const { roster } = this.#household ?? this.#requireRunning('describe').household;
    const module = roster.find(name);
    return { ...module.status(), ...describeSpec(module.spec, options) };
  }

  /**
   * Answers what is asked about messages that killed modules and are withheld from them, or releases such messages.
   *
   * @returns the messages that it was about
   * @throws {SupervisorError} `QUARANTINE_UNKNOWN`, `MODULE_UNKNOWN`; `INVALID_ARGUMENT` when several ids begin as the given one
   */
  quarantine(request: QuarantineRequest): QuarantinedMessage[] {
    const { quarantine } = this.#household ?? this.#requireRunning('quarantine').household;
    return quarantine.answer(request);
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
        problems: this.problems(),
        recoveredSends: this.recoveredSends,
      },
      modules: this.#present.map((module) => module.status()),
    };
  }

  /** The state of each module in short: unlike {@link status} it looks at no file and no process. */
  conditions(): ModuleCondition[] {
    return this.#present.map((module) => module.condition());
  }

  /** Messages of modules that a killed core had left, and that this core handed on when it started. */
  get recoveredSends(): number {
    return this.#premises?.sweeper.recoveredSends ?? 0;
  }

  /** What metrics are made of: each module, shadows included. Unlike {@link status} it looks at no file of a module. */
  async figures(): Promise<ModuleFigures[]> {
    await this.#household?.lookAtHosts();
    return this.#present.map((module) => module.figures());
  }

  /** What is wrong with the core itself, a line each. */
  problems(): string[] {
    const descriptors = findDescriptorProblem(readDescriptorUse());
    return [
      ...(this.#household?.problems ?? []),
      ...(this.#orders?.problems ?? []),
      ...(descriptors === null ? [] : [descriptors]),
      ...(this.#premises?.problems ?? []),
    ];
  }

  get #modules(): readonly Module[] {
    return this.#household?.chain ?? NO_MODULES;
  }

  /** Those of the chain and the shadows. */
  get #present(): readonly Module[] {
    return this.#household?.present ?? NO_MODULES;
  }

  get #household(): Household | null {
    return this.#state.kind === 'new' || this.#state.kind === 'opening' ? null : this.#state.household;
  }

  get #premises(): Premises | null {
    return this.#state.kind === 'opening' ? this.#state.premises : (this.#household?.premises ?? null);
  }

  get #orders(): Orders | null {
    return 'orders' in this.#state ? this.#state.orders : null;
  }

  #order(order: string): Orders {
    return this.#orders ?? this.#requireRunning(order).orders;
  }

  /** @throws {IllegalStateError} when it is stopped meanwhile */
  async #recover(household: Household): Promise<void> {
    const proceed = () => this.#state.kind === 'open' || this.#state.kind === 'recovering';
    const recovered = household.premises.sweeper.recover(proceed);
    this.#state = { kind: 'recovering', household, recovered };
    await recovered;
    if (this.#state.kind !== 'recovering') this.#refuse('start', 'recovering');
  }

  /** @returns when each module is ready or refused, with the refusals, and all is announced that a killed core left */
  async #finishStart(
    household: Household,
    starts: Promise<SupervisorError | null>[],
  ): Promise<(SupervisorError | null)[]> {
    const refusals = await Promise.all(starts);
    if (this.#keeper === null) await household.premises.sweeper.recover(() => this.#state.kind === 'starting');
    void household.builds.collect();
    if (this.#state.kind === 'starting') this.#state = { ...this.#state, kind: 'running' };
    this.#watches?.follow(this.#present);
    return refusals;
  }

  #takeOrders(household: Household, started: Promise<unknown>): Orders {
    const { roster, stopped, builds } = household;
    const core = {
      roster,
      stopped,
      requireRunning: (order: string) => this.#requireRunning(order),
      config: () => this.#config,
      adopt: (next: CoreConfig) => {
        this.#config = inForceAfter(this.#config, next);
        household.configure(next);
      },
      underway: () => this.#reception.settled(),
      carriedOut: () => {
        void builds.collect();
        this.#watches?.follow(this.#present);
      },
    };
    const orders = new Orders(core, started);
    this.#watches = watchModules({ orders, builds, announcer: this.#announcer });
    return orders;
  }

  #requireRunning(call: string): Serving {
    const state = this.#state;
    return state.kind === 'running' ? state : this.#refuse(call, 'running');
  }

  /** @throws {IllegalStateError} */
  #refuse(call: string, needed: State['kind']): never {
    const { kind } = this.#state;
    throw new IllegalStateError('ILLEGAL_STATE', `${call}: the supervisor is ${kind}, and must be ${needed}`);
  }

  /** @throws {DirectoryError} when the premises cannot be had */
  #beginToOpen(): Opening {
    try {
      const premises = new Premises(this.#options, this.#announcer);
      // In a moment, so that listeners find the new state.
      const opened = Promise.resolve().then(() =>
        Household.open(premises, this.#config, this.#announcer, this.#keeper),
      );
      return { kind: 'opening', premises, opened };
    } catch (error) {
      this.#state = GONE;
      throw error;
    }
  }

  #beginToStop(from: Stoppable, now: boolean): Stopping {
    const household = from.kind === 'opening' ? null : from.household;
    const orders = 'orders' in from ? from.orders : null;
    const stopping: Stopping = { kind: 'stopping', household, orders, stopped: Promise.resolve() };
    this.#state = stopping;
    this.#watches?.close();
    for (const module of household?.roster.all ?? []) module.expectStop();
    stopping.stopped = this.#stop(stopping, from, now);
    return stopping;
  }

  async #stop(stopping: Stopping, from: Stoppable, now: boolean): Promise<void> {
    // A start in progress sees the new state first, and starts nothing. A listener may order the stop in the middle of a change
    // of state. That change is finished first, so this waits.
    stopping.household = await (from.kind === 'opening' ? from.opened.catch(() => null) : from.household);
    if (from.kind === 'recovering') await from.recovered.catch(() => undefined);
    const { household, orders } = stopping;
    if (!now) await this.#reception.settled();
    for (const module of household?.roster.all.reverse() ?? []) await module.stop();
    await orders?.settled();
    await takeAllInTurn(
      () => this.#options.beforeRelease?.(),
      // Whatever happens, the locks are free at the end.
      () => (from.kind === 'opening' && household === null ? from.premises.close() : household?.close()),
      () => {
        this.#state = { kind: 'stopped', household, orders };
      },
    );
  }
}
