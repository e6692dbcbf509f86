/** One configured module: what is ordered of it, offered to it, and asked about it. */

import type { ModuleSpec } from '../../config/types.js';
import type { SupervisorError } from '../../errors.js';
import type { Quarantine } from '../../quarantine/quarantine.js';
import type { QuarantineTable } from '../../quarantine/table.js';
import type { CallEvent } from '../../wire/call-event.js';
import type { Callback } from '../../wire/event-kinds.js';
import type { Build } from '../builds/build.js';
import { ModuleBuilds } from '../builds/module-builds.js';
import type { BuildStore } from '../builds/store.js';
import type { Conversation } from '../calls/conversation.js';
import type { AnswerTaker, Follower } from '../calls/pending-call.js';
import type { Host, HostSurroundings } from '../host/host.js';
import type { HostEnd, HostListener } from '../host/host-listener.js';
import { type ModuleEvents, ModuleNews } from '../news/module-news.js';
import { listWarnings } from '../news/module-warnings.js';
import type { ShadowTally } from '../shadows/shadow-tally.js';
import type { Watchers } from '../shadows/watchers.js';
import type { AbiMemory } from '../trials/abi-memory.js';
import type { ModuleCondition, ModuleFigures, ModuleStatus } from '../types.js';
import { HostMaker } from './host-maker.js';
import { hearHosts } from './host-reports.js';
import { HostSet } from './host-set.js';
import { killOf } from './kill.js';
import { type Lifetime, newLifetime, tallyOf } from './lifetime.js';
import { MemoryCeiling } from './memory-ceiling.js';
import { ModuleCalls } from './module-calls.js';
import { makeFigures } from './module-figures.js';
import { conditionOf, makeStatus } from './module-status.js';
import { OutsideSignals } from './outside-signals.js';
import { Succession } from './succession.js';
import { Upkeep } from './upkeep.js';

/** How long reports of signals are held back. */
const SIGNAL_NEWS_MS = 200;

/** What a module runs with beside its own settings. */
export interface ModuleSurroundings extends HostSurroundings {
  runId: string;
  abis: AbiMemory;
  builds: BuildStore;
  quarantine: Quarantine;
  queueBytes: number;
}

/** All that there is of one module; it outlives its hosts. */
export class Module {
  /** Its shadows; `null`: it has none. */
  watchers: Watchers | null = null;
  /** What is counted of it as a shadow; `null`: it is in the chain. It stays what it is: another module takes its place. */
  readonly tally: ShadowTally | null;
  #spec: ModuleSpec;
  #around: ModuleSurroundings;
  readonly #hosts = new HostSet();
  readonly #news: ModuleNews;
  readonly #calls: ModuleCalls;
  readonly #quarantine: QuarantineTable;
  readonly #builds: ModuleBuilds;
  readonly #maker: HostMaker;
  readonly #upkeep: Upkeep;
  readonly #succession: Succession;
  readonly #outside: OutsideSignals<Host>;
  readonly #ceiling: MemoryCeiling<Host>;
  #isReplacing = false;
  /** Who stops the core may signal its hosts as well. */
  #isLeaving = false;
  #onStopped: (() => void)[] = [];

  constructor(spec: ModuleSpec, around: ModuleSurroundings, events: ModuleEvents, lifetime: Lifetime = newLifetime()) {
    const { generations, stats } = lifetime;
    this.tally = spec.shadowOf === null ? null : tallyOf(lifetime);
    this.#spec = spec;
    this.#around = around;
    const module = spec.name;
    const { runId, builds: store, queueBytes } = around;
    const news = new ModuleNews({
      module,
      runId,
      logRate: spec.logRate,
      events,
      stats,
      tally: this.tally,
      undelivered: (params) => {
        if (this.wants('on_message_status')) this.#calls.giveBack(params, this.#spec);
      },
    });
    const canWait = (deadlineMs: number) => this.#upkeep.canWait(deadlineMs);
    const quarantine = around.quarantine.of(module, spec);
    quarantine.configure(spec);
    const calls = new ModuleCalls(spec, queueBytes, { hosts: this.#hosts, news, canWait, quarantine });
    const builds = new ModuleBuilds({ module, store, warn: (text) => news.warn(null, text) });
    const listener = this.listen(hearHosts(this.#readHosts(), calls, news));
    const maker = new HostMaker({ news, around: () => this.#around, listener: () => listener, generations });
    const parts = { module, hosts: this.#hosts, news, calls, builds, maker };
    this.#upkeep = new Upkeep({ ...parts, spec: () => this.#spec, buried: () => this.#checkStopped() });
    this.#succession = new Succession({ ...parts, changed: () => this.#succeeded() });
    this.#outside = new OutsideSignals({
      told: (host, signal, from) => news.signalled(host, signal, from),
      replace: (host) => this.#replace(host),
    });
    this.#ceiling = new MemoryCeiling({
      limitBytes: () => this.#spec.maxRssBytes,
      hosts: () => this.#hosts.in('serving'),
      replace: (host) => this.#replace(host),
      told: (host, memoryBytes, isReplaced) =>
        news.tooHeavy(host, memoryBytes, this.#spec.maxRssBytes ?? 0, isReplaced),
    });
    this.#news = news;
    this.#calls = calls;
    this.#quarantine = quarantine;
    this.#builds = builds;
    this.#maker = maker;
  }

  get name(): string {
    return this.#spec.name;
  }

  /** The settings in use. */
  get spec(): ModuleSpec {
    return this.#spec;
  }

  get desired(): 'up' | 'down' {
    return this.#upkeep.desired;
  }

  /** Identifies the file that its host loaded or failed to load; `null` when there was none. */
  get loadedFile(): string | null {
    return this.#builds.loadedFile;
  }

  /** Tells the build that its host loaded or failed to load from others; `null`: there was none. */
  get buildKey(): string | null {
    return this.#builds.currentKey;
  }

  /** The builds that it may need again. */
  get builds(): Build[] {
    return this.#builds.inUse(this.#hosts.all);
  }

  // ---- what is ordered ----

  /** Starts the module; resolves when it is ready, or with the reason why its first start failed. */
  start(): Promise<SupervisorError | null> {
    return this.#upkeep.start();
  }

  /** Lets its host finish and ends it, then starts another one; resolves as {@link start} does. */
  restart(): Promise<SupervisorError | null> {
    return this.#upkeep.restart();
  }

  /** Stops the module and resolves when its hosts are gone. */
  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.#onStopped.push(resolve);
      void this.#succession.abandon();
      this.#upkeep.stop();
      this.#calls.bypass();
      this.#checkStopped();
    });
  }

  /** The whole core is about to stop, so signals that its hosts get now are part of that. */
  expectStop(): void {
    this.#isLeaving = true;
  }

  /** Stops the module without patience for its hosts. */
  kill(): void {
    void this.stop();
    for (const host of this.#hosts.all) host.kill();
  }

  /** Counts from 0, and forgets what went wrong; a module that waits for its next start is started now, as by {@link start}. */
  reset(): Promise<SupervisorError | null> {
    this.#news.stats.reset();
    this.#upkeep.forget();
    return this.desired === 'up' ? this.start() : Promise.resolve(null);
  }

  /** Makes its sends fail from now on, because too much waits for servers; or lets them succeed again. */
  closeSends(areClosed: boolean): void {
    for (const host of this.#hosts.all) host.closeSends(areClosed);
  }

  /** Takes settings that its hosts need not know of. */
  configure(spec: ModuleSpec, around: ModuleSurroundings): void {
    this.#spec = spec;
    this.#around = around;
    this.#calls.configure(spec, around.queueBytes);
    this.#news.limitTo(spec.logRate);
    this.#quarantine.configure(spec);
    for (const host of this.#hosts.all) host.configure(spec, around);
    if (this.#hosts.first !== null) this.#ceiling.open();
    this.#calls.dispatch();
  }

  /**
   * Starts a host by another spec beside the one that serves. It waits to be adopted. If it dies meanwhile, it can no
   * longer be.
   *
   * @returns why there is none, when it is ready or has failed
   */
  async prepare(spec: ModuleSpec): Promise<SupervisorError | null> {
    this.#tellReplacing(true);
    return this.#succession.prepare(spec);
  }

  /** Why the prepared host cannot take over; `null`: it can take over now. */
  get unprepared(): SupervisorError | null {
    return this.#succession.failure;
  }

  /** The prepared host takes over. The old one finishes what it holds before anything else begins. */
  adopt(around: ModuleSurroundings): void {
    const { host, found, spec, before } = this.#succession.take();
    this.#tellReplacing(false);
    this.#upkeep.adopt(host, found);
    this.configure(spec, around);
    for (const old of before) old.stop();
  }

  /** Waits until all replaced hosts are gone. */
  handedOver(): Promise<void> {
    return this.#succession.handedOver();
  }

  /** Ends the prepared host and waits until it is gone. */
  abandon(): Promise<void> {
    return this.#succession.abandon();
  }

  // ---- what is offered, and asked ----

  /** Whether the module has the callback; one that was never ready is asked for everything. */
  wants(callback: Callback): boolean {
    const { found } = this.#upkeep;
    return found === null || (found.ready.callbacks ?? []).includes(callback);
  }

  /** Offers one call; the answer comes within the deadline, and is a default verdict if the module has none. */
  offer(event: CallEvent, deadlineMs: number, nowMs: number, conversation: Conversation, taker: AnswerTaker): void {
    this.#calls.offer(event, deadlineMs, nowMs, conversation, taker);
  }

  follow(conversation: Conversation, follower: Follower): boolean {
    return this.#calls.follow(conversation, follower);
  }

  /** What there is to know of what serves, a line each. */
  get warnings(): string[] {
    return listWarnings([{ name: this.#spec.name, warnings: this.#upkeep.found?.ready.warnings ?? [] }]);
  }

  /** Everything `status` shows. */
  status(): ModuleStatus {
    const { life, desired, found, lastError } = this.#upkeep;
    return makeStatus({
      spec: this.#spec,
      life,
      isReplacing: this.#isReplacing,
      desired,
      generation: this.#maker.generation,
      found,
      hosts: this.#hosts,
      builds: this.#builds,
      stats: this.#news.stats,
      lastError,
      queued: this.#calls.waiting,
      quarantined: this.#quarantined,
    });
  }

  /** Its state in short. */
  condition(): ModuleCondition {
    const { life, desired, lastError } = this.#upkeep;
    return conditionOf({ spec: this.#spec, life, isReplacing: this.#isReplacing, desired, lastError });
  }

  /** Reads what its processes use now. */
  lookAtHosts(): void {
    for (const host of this.#hosts.all) host.look();
  }

  /** Http requests that were refused to it because it is a shadow. Those of hosts that have ended are in its tally. */
  get refusedHttp(): number {
    return this.#hosts.all.reduce((sum, { refusedHttp }) => sum + refusedHttp, 0);
  }

  /** Everything that metrics are made of. What its processes use is as it was when they were looked at last. */
  figures(): ModuleFigures {
    const { life, desired } = this.#upkeep;
    const { stats } = this.#news;
    const sources = { spec: this.#spec, life, isReplacing: this.#isReplacing, desired, hosts: this.#hosts, stats };
    const { generation } = this.#maker;
    const { waiting: queued } = this.#calls;
    const shadow = { tally: this.tally, refusedHttp: this.refusedHttp };
    return makeFigures({ ...sources, generation, queued, quarantined: this.#quarantined, ...shadow });
  }

  // ---- what hosts tell ----

  /** Puts something between the module and its hosts, to listen. */
  protected listen(listener: HostListener<Host>): HostListener<Host> {
    return listener;
  }

  #readHosts(): Parameters<typeof hearHosts>[0] {
    return {
      offered: (host, offer) => this.#succession.choose(host, offer) ?? this.#upkeep.choose(offer),
      ready: (host, said) => {
        this.#succession.ready(host, said);
        if (this.#hosts.roleOf(host) !== 'serving') return;
        this.#upkeep.ready(host, said);
        this.#ceiling.open();
      },
      signalled: (host, signal, from) => {
        // A service manager that ends the whole service signals the core as well, which may take a moment to obey.
        const tell = () => {
          if (this.#hosts.roleOf(host) === 'serving' && !this.#isLeaving) this.#outside.signalled(host, signal, from);
        };
        setTimeout(tell, SIGNAL_NEWS_MS).unref();
      },
      died: (host, end) => this.#died(host, end),
    };
  }

  #died(host: Host, end: HostEnd): void {
    this.#news.flush();
    if (this.tally !== null) this.tally.totals.refusedHttp += host.refusedHttp;
    this.#news.stats.totals.endedCpuSeconds += host.lastUsage?.cpuSeconds ?? 0;
    // First, because what waits may be handed over while the calls are settled.
    const kill = killOf(host, end);
    const withheld = kill && this.#quarantine.add(kill);
    const told = { ...end, isQuarantined: withheld?.state === 'withheld' };
    this.#calls.settle(told);
    if (this.#hosts.remove(host) === 'serving') this.#upkeep.died(host, told);
    else this.#succession.died(host, told);
    // Last, because the disk must not delay the next host. That one gets no call in this turn.
    if (withheld) this.#news.quarantined(host, withheld);
    this.#quarantine.save();
  }

  /** @returns `false` when it is too early: the host starts, or another one is about to take over */
  #replace(host: Host): boolean {
    if (this.#hosts.roleOf(host) !== 'serving' || this.desired === 'down' || this.#isLeaving) return true;
    if (this.#upkeep.life.kind !== 'serving' || this.#succession.isPreparing) return false;
    this.#upkeep.renew();
    return true;
  }

  get #quarantined(): number {
    return this.#quarantine.count(this.buildKey);
  }

  /** The successor can no longer take over, or a replaced host is gone. */
  #succeeded(): void {
    if (!this.#succession.isPreparing) this.#tellReplacing(false);
    this.#calls.dispatch();
    // Calls that a replaced host gave back, when no other host will come.
    this.#calls.bypass();
    this.#checkStopped();
  }

  #checkStopped(): void {
    if (this.#upkeep.life.kind !== 'stopped' || this.#hosts.first !== null || !this.#succession.isOver) return;
    this.#ceiling.close();
    this.#news.flush();
    for (const done of this.#onStopped.splice(0)) done();
  }

  /** A state that is only shown; the lifecycle of the module does not know it. */
  #tellReplacing(isReplacing: boolean): void {
    if (this.#isReplacing === isReplacing) return;
    this.#isReplacing = isReplacing;
    if (this.#upkeep.life.kind !== 'serving') return;
    const [from, to] = isReplacing ? (['serving', 'replacing'] as const) : (['replacing', 'serving'] as const);
    this.#news.state(from, to, null);
  }
}
