/** The parts of a core, from its start to its end. They are opened in this order and closed in the reverse order. */

import { join } from 'node:path';
import { parseHttpAddress } from '../config/http-address.js';
import { keepsSends } from '../config/keeps-sends.js';
import type { CoreConfig } from '../config/types.js';
import { controlSocketPath } from '../control/endpoint.js';
import type { ControlledCore } from '../control/server.js';
import { CardKeeper } from '../crashes/keeper.js';
import { isInMemory, makeStateDir } from '../directories.js';
import { Metrics } from '../metrics/metrics.js';
import { Sends } from '../sends/sends.js';
import { Symbolizer } from '../stacks/symbolizer.js';
import { makeRunDir } from '../supervisor/directories/run-dir.js';
import { inForceAfter } from '../supervisor/orders/reload-plan.js';
import { Supervisor } from '../supervisor/supervisor.js';
import type {
  CoreStatus,
  DescribeOptions,
  ModuleDescription,
  ModuleStatus,
  OrderReport,
  PromotionReport,
  ServerStatus,
  StartReport,
} from '../supervisor/types.js';
import { takeAll, takeAllInTurn } from '../to-the-end.js';
import { CoreLog, type CoreLogOptions } from './core-log.js';
import { describePromotion } from './describe-promotion.js';
import { describeProgram, describeSends, nothingKept } from './describe-sends.js';
import { DescriptorWatch } from './descriptor-watch.js';
import { Doors } from './doors.js';
import { EventTeller } from './events/teller.js';
import { figuresOf } from './figures.js';
import type { ProgramTaker } from './program-taker.js';
import { readinessOf } from './readiness.js';
import { type Adopted, Reloads, type ReloadsOptions } from './reloads.js';
import { otherSecrets, readSecrets, type Secrets } from './secrets.js';
import type { CoreOptions } from './types.js';
import { WebhookDoor } from './webhook-door.js';

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
  /** Keeps what modules send; `null`: nobody takes it, so it is not kept. */
  readonly sends: Sends | null;
  readonly metrics: Metrics;
  readonly #crashes: CardKeeper;
  readonly #config: CoreConfig;
  readonly #options: CoreOptions;
  readonly #events: PartsEvents;
  readonly #teller: EventTeller;
  readonly #doors: Doors;
  /** `null`: nothing is kept that it could post. */
  readonly #webhook: WebhookDoor | null;
  #descriptors: DescriptorWatch | undefined;
  #announceTaking: () => void = () => undefined;
  readonly #taking = new Promise<void>((resolve) => {
    this.#announceTaking = resolve;
  });
  /** The configuration now. */
  #inForce: CoreConfig;
  /** As they were read for it. */
  #secrets: Secrets = { token: undefined, webhook: null };
  /** Resolves when nothing is being opened any more. */
  #opened: Promise<void> = Promise.resolve();
  #taker: ProgramTaker | null = null;
  #isOpen = false;
  #isTaking = false;
  /** Each module is ready or refused. */
  #isStarted = false;
  #isRetired = false;

  /**
   * @param options with absolute paths
   * @param takesSends - the program takes what modules send
   */
  constructor(config: CoreConfig, options: CoreOptions, takesSends: boolean, events: PartsEvents) {
    const { runDir, stateDir, boxDir, subreaper = false, strict = false, endsProcess = false } = options;
    const { logSizeBytes: sizeBytes, logKeep: keep } = config;
    const { onSaid, begun } = events;
    this.#config = config;
    this.#options = options;
    this.#events = events;
    this.#inForce = config;
    this.log = new CoreLog({ stateDir, sink: options.logTo ?? null, sizeBytes, keep, onSaid });
    const { log } = this;
    const isKept = takesSends || keepsSends(config);
    this.sends = isKept ? new Sends(config, { say: (level, text) => log.say(level, text) }) : null;
    this.#crashes = new CardKeeper({ stateDir, say: (...said) => log.tell(...said), symbolizer: new Symbolizer() });
    this.supervisor = new Supervisor(config, {
      runDir,
      stateDir,
      subreaper,
      ...(boxDir !== undefined && { boxDir }),
      ...(this.sends !== null && { sendKeeper: this.sends }),
      crashKeeper: this.#crashes,
      kind: endsProcess ? 'daemon' : 'embedded',
      onTaking: () => this.#take(),
      beforeRelease: () => this.#beforeRelease(),
    });
    const { supervisor } = this;
    log.follow(supervisor);
    this.#teller = new EventTeller(supervisor, config, { runDir, stateDir, log, crashes: this.#crashes });
    supervisor.on('wentBack', ({ module, reason, spec }) => {
      this.reloads.wentBack(module, reason);
      const modules = this.#inForce.modules.map((other) => (other.name === module ? spec : other));
      this.#inForce = { ...this.#inForce, modules };
      this.sends?.configure(this.#inForce);
      this.#teller.reloadFailed(reason, module);
    });
    supervisor.on('watched', ({ module, problem }) => {
      if (problem === null) this.reloads.tookFile(module);
      else this.#teller.reloadFailed(problem, module);
    });
    const ended: ReloadsOptions['ended'] = (taken, failure, left) => {
      events.ended(taken, failure, left);
      if (failure) this.#teller.reloadFailed(failure.message);
    };
    const adopt: ReloadsOptions['adopt'] = (taken, secrets, left) => this.#adopt(taken, secrets, left);
    this.reloads = new Reloads({
      ...{ supervisor, log, read: options.reload ?? null, strict, begun, adopt, ended },
      otherSecrets: (secrets) => otherSecrets(this.#secrets, secrets, this.#inForce),
    });
    this.#doors = new Doors({ runDir, supervisor, warn: (text) => log.say('warn', text) });
    const { sends } = this;
    this.#webhook = sends && new WebhookDoor({ sends, say: (level, text) => log.say(level, text) });
    const inForce = () => this.#inForce;
    const [problems, servers] = [() => this.#problems(), () => this.#servers()];
    this.metrics = new Metrics(figuresOf({ supervisor, sends, inForce, problems, servers }));
  }

  /** The directories belong to this core. Before that, the log files may belong to the core that holds them. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /**
   * Takes the directories, ends what a killed core left, and can be asked from then on. A {@link retire} meanwhile ends it.
   *
   * @throws DirectoryError when a directory is held by another core or cannot be used
   */
  open(): Promise<void> {
    const opening = this.#open();
    this.#opened = opening.catch(() => undefined);
    return opening;
  }

  async #open(): Promise<void> {
    const { runDir, stateDir, endsProcess = false } = this.#options;
    controlSocketPath(runDir);
    // A problem with their files fails the start before anything is made.
    this.#secrets = readSecrets(this.#config);
    // First, because the state directory may be in it.
    makeRunDir(runDir);
    makeStateDir(stateDir);
    await this.supervisor.open();
    this.#isOpen = true;
    if (this.#isRetired) return;
    if (!isInMemory(runDir)) {
      const why = 'is not on tmpfs; on tmpfs, for example below /run, its sockets are faster and a reboot removes them';
      this.log.say('warn', `the run directory ${runDir} ${why}`);
    }
    this.#descriptors = new DescriptorWatch({ say: (level, text) => this.log.say(level, text) });
    // It can be asked, and told to stop, while its modules start.
    const { maxMessageBytes } = this.#config;
    await this.#doors.openControl({ ...this.#doorway(), maxMessageBytes, goesOn: !endsProcess });
    await this.sends?.open(stateDir);
  }

  /** Starts the modules. @throws IllegalStateError when the supervisor was stopped meanwhile */
  async start(): Promise<StartReport> {
    const started = this.supervisor.start();
    // Where a door cannot be opened, that is what fails the start.
    started.catch(() => undefined);
    await Promise.race([this.#taking, started]);
    const opening = this.#isRetired ? Promise.resolve() : this.#openToServers();
    this.#opened = opening.catch(() => undefined);
    await opening;
    const report = await started;
    this.#isStarted = true;
    return report;
  }

  /** The supervisor takes events, so doors and takers of sends open. */
  #take(): void {
    this.#isTaking = true;
    this.sends?.use(this.supervisor);
    if (this.sends !== null) this.#taker?.attach(this.sends);
    void this.#webhook?.configure(this.#secrets.webhook);
    this.#announceTaking();
  }

  async #openToServers(): Promise<void> {
    await this.#openGateway();
    if (!this.#isRetired) await this.#openHttp();
  }

  async #openHttp(): Promise<void> {
    const { http, maxMessageBytes } = this.#config;
    const { supervisor, sends } = this;
    const address = parseHttpAddress(http);
    if (sends === null || address === null) return;
    await this.#doors.openHttp({
      address,
      token: this.#secrets.token ?? null,
      core: { submit: (event, origin, taker) => supervisor.submit(event, origin, taker) },
      sends,
      maxMessageBytes,
      chainDeadlineMs: () => this.#inForce.chainDeadlineMs,
      readiness: () => this.#readiness(),
      metrics: () => this.metrics.read(),
    });
    this.metrics.watch();
  }

  #readiness() {
    const phase = this.#isRetired ? 'stopping' : this.#isStarted ? 'running' : 'starting';
    return readinessOf({ phase, modules: this.supervisor.conditions(), config: this.#inForce });
  }

  async #openGateway(): Promise<void> {
    const { gateway, gatewayGroup, maxMessageBytes } = this.#config;
    const { runDir } = this.#options;
    const { supervisor, sends } = this;
    if (sends === null || gateway === 'off') return;
    await this.#doors.openGateway({
      path: gateway === 'auto' ? join(runDir, 'gateway.sock') : gateway,
      group: gatewayGroup === null ? null : { name: gatewayGroup, ownFolder: runDir },
      core: {
        submit: (event, origin, taker) => supervisor.submit(event, origin, taker),
        callbacks: () => supervisor.callbacks(),
        onCallbacks: (listener) => {
          supervisor.on('callbacks', listener);
          return () => supervisor.off('callbacks', listener);
        },
      },
      sends,
      maxMessageBytes,
      chainDeadlineMs: () => this.#inForce.chainDeadlineMs,
    });
  }

  /** The program takes what modules send, as soon as there are modules. @throws IllegalStateError when nothing is kept */
  take(taker: ProgramTaker): void {
    if (this.sends === null) throw nothingKept();
    this.#taker = taker;
    if (this.#isTaking) taker.attach(this.sends);
  }

  /** @param left - the modules that go on as they were configured before */
  async #adopt(given: CoreConfig, secrets: Secrets, left: readonly string[]): Promise<Adopted> {
    const config = inForceAfter(this.#inForce, given);
    const isLeft = ({ name }: { name: string }) => left.includes(name);
    const modules = [...config.modules.filter((module) => !isLeft(module)), ...this.#inForce.modules.filter(isLeft)];
    this.#inForce = { ...config, modules };
    this.#teller.reloaded(config);
    this.sends?.configure(this.#inForce);
    this.#doors.reloaded();
    const { token, webhook } = secrets;
    this.#secrets = secrets;
    const hasOtherToken = token !== undefined && this.#doors.changeToken(token);
    const changed = (await this.#webhook?.configure(webhook)) ?? { hasOtherKey: false, problem: null };
    return {
      secrets: [...(hasOtherToken ? ['http_token'] : []), ...(changed.hasOtherKey ? ['webhook_secret'] : [])],
      warnings: changed.problem === null ? [] : [changed.problem],
    };
  }

  /** Takes nothing new. */
  retire(): void {
    this.#isRetired = true;
    takeAll(
      () => this.reloads.giveUp(),
      () => this.#doors.retire(),
      () => this.sends?.use(null),
    );
  }

  /** Waits for nobody any more. */
  hurry(): void {
    this.#taker?.detach();
    this.#webhook?.end();
  }

  /** No host is left: what is known of sends is written while the state directory is this core's. */
  async #beforeRelease(): Promise<void> {
    await this.#opened;
    await takeAllInTurn(
      () => Promise.all([this.#taker?.closeSoon(), this.#webhook?.close()]),
      () => this.#doors.closeToServers(),
      () => this.sends?.close(),
      () => this.#crashes.close(),
    );
  }

  /** Gives back what is left once the supervisor has stopped. */
  async close(): Promise<void> {
    await this.#opened;
    await takeAllInTurn(
      () => this.#doors.close(),
      () => this.#descriptors?.close(),
      () => this.metrics.close(),
      () => this.#teller.close(),
      () => this.log.close(),
    );
  }

  status(): CoreStatus {
    const { core, modules } = this.supervisor.status();
    const { sends } = this;
    const problems = this.#problems();
    const embedded = !this.#options.endsProcess;
    const gateway = this.#doors.gatewayPath;
    const http = this.#doors.httpAddress;
    const webhook = this.#webhook?.origin ?? null;
    const gatewayGroup = gateway === null ? null : this.#config.gatewayGroup;
    const ways = { gateway, gatewayGroup, http, webhook };
    return {
      core: { ...core, problems: [...core.problems, ...problems], embedded, ...ways },
      modules: modules.map((module) => this.#withRest(module)),
      servers: this.#servers(),
      sends: sends === null ? null : describeSends(sends),
    };
  }

  /** Beside those of the supervisor. */
  #problems(): string[] {
    const parts = [this.reloads, this.log, this.#crashes, this.sends, this.#doors, this.#webhook];
    return parts.flatMap((part) => part?.problems() ?? []);
  }

  #servers(): ServerStatus[] {
    return [
      ...this.#doors.servers(),
      ...(this.#webhook?.servers() ?? []),
      ...(this.#taker?.isTaking ? [describeProgram(this.#taker)] : []),
    ];
  }

  /** @throws SupervisorError `MODULE_UNKNOWN` */
  describe(module: string, options: DescribeOptions): ModuleDescription {
    return this.#withRest(this.supervisor.describeModule(module, options));
  }

  /** What the supervisor does not know. */
  #withRest<T extends ModuleStatus>(status: T): T {
    const { name } = status;
    const lastCrash = this.#crashes.lastOf(name);
    return { ...status, lastCrash, sends: { ...status.sends, ...this.sends?.ofModule(name) } };
  }

  /** Gives an order for one module; what is wrong nevertheless is logged too. */
  async order(order: Parameters<ControlledCore['order']>[0], module: string): Promise<OrderReport> {
    const report = await this.supervisor[`${order}Module`](module);
    if (order === 'reset') this.#crashes.forget(module);
    for (const warning of report.warnings) this.log.say('warn', warning);
    return report;
  }

  /** Lets a shadow and its primary exchange their versions; what came of it is logged. */
  async promote(shadow: string): Promise<PromotionReport> {
    const report = await this.supervisor.promoteModule(shadow);
    this.log.say('info', describePromotion(report));
    for (const warning of report.warnings) this.log.say('warn', warning);
    return report;
  }

  /** What comes in from other processes. */
  #doorway() {
    const { supervisor } = this;
    const core: ControlledCore = {
      status: () => this.status(),
      onMessage: (params, payload) => supervisor.onMessage(params, payload),
      reload: (modules, options) => this.reloads.reload(null, modules, options),
      planReload: (modules) => this.reloads.plan(null, modules),
      order: (order, module) => this.order(order, module),
      describe: (module, options) => this.describe(module, options),
      quarantine: (request) => supervisor.quarantine(request),
      shadow: (module, reset) => supervisor.shadowReport(module, { reset }),
      promote: (module) => this.promote(module),
      on: (event, listener) => supervisor.on(event, listener),
      off: (event, listener) => supervisor.off(event, listener),
    };
    return { core, requestStop: () => this.#events.stopAsked('asked to over the control socket') };
  }
}
