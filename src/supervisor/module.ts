/** One configured module: what it wants, its queue, its default verdict, its generations and their host. */

import { performance } from 'node:perf_hooks';
import type { AbiName, ModuleSpec } from '../config/types.js';
import { ModuleLoadError, SupervisorError } from '../errors.js';
import { CallEvent } from '../wire/call-event.js';
import type { Log, Ready, Sent } from '../wire/codec.js';
import type { Callback, Lane } from '../wire/event-kinds.js';
import { toLong, type WireParams } from '../wire/params.js';
import type { Build } from './builds/build.js';
import type { HostFile } from './builds/host-file.js';
import { ModuleBuilds } from './builds/module-builds.js';
import type { BuildStore } from './builds/store.js';
import { CallQueue, type CallRoute } from './calls/call-queue.js';
import { Conversation } from './calls/conversation.js';
import type { AnswerTaker, CallAnswer, PendingCall } from './calls/pending-call.js';
import { Host, type HostSurroundings } from './host.js';
import { errorOfEnd } from './host-error.js';
import type { HostEnd, HostListener } from './host-listener.js';
import type { Ending } from './leftovers/end-processes.js';
import { findModuleFile } from './module-file.js';
import { type ModuleEffect, type ModuleEvent, type ModuleLife, stepModule } from './module-lifecycle.js';
import { ModuleStats } from './module-stats.js';
import type { DroppedKind } from './output/dropped-output.js';
import { type ModuleEvents, ModuleNews } from './output/module-news.js';
import { OutsideSignals, PATIENCE_MS } from './outside-signals.js';
import {
  afterCrash,
  afterFailedStart,
  NO_HISTORY,
  type RestartDecision,
  type RestartHistory,
} from './restart-policy.js';
import { Succession } from './succession.js';
import { findWorkingDirectory } from './surroundings/working-directory.js';
import type { AbiMemory } from './trials/abi-memory.js';
import { AbiSearch, type Found } from './trials/abi-search.js';
import type { Offer } from './trials/trial.js';
import type { ModuleStatus } from './types.js';

/** The status of a message that was not delivered: `MESIBO_MODULE_MSGSTATUS_FAIL`. */
const FAILED = 0x80;
/** What follows the death of a host that was ordered, when the module is still wanted. */
const AT_ONCE: RestartDecision = { kind: 'restart', delayMs: 0, history: NO_HISTORY };
/** Takes the answer to what nobody asks about. */
const NOBODY: AnswerTaker = { answered: () => undefined };
const NOTHING_TRIED = { next: null, none: null };

/** What a module runs with beside its own settings. */
export interface ModuleSurroundings extends HostSurroundings {
  abis: AbiMemory;
  builds: BuildStore;
  queueBytes: number;
  /** `null`: the core keeps no state. */
  stateDir: string | null;
}

/** The life of one configured module. */
export class Module implements HostListener, CallRoute {
  #spec: ModuleSpec;
  #around: ModuleSurroundings;
  readonly #queue: CallQueue;
  readonly #news: ModuleNews;
  readonly #search: AbiSearch;
  readonly #builds: ModuleBuilds;
  #life: ModuleLife = { kind: 'stopped' };
  #desired: 'up' | 'down' = 'down';
  #host: Host | null = null;
  readonly #succession: Succession;
  #isReplacing = false;
  /** Who stops the core may signal its hosts as well. */
  #isLeaving = false;
  readonly #outside: OutsideSignals<Host>;
  #generation = 0;
  #history: RestartHistory = NO_HISTORY;
  #ready: Ready | null = null;
  #abiSource: ModuleStatus['abiSource'] = null;
  #lastError: SupervisorError | null = null;
  #timer: NodeJS.Timeout | undefined;
  /** Who waits for a host of `generation` or later to be ready, or to fail. */
  #awaited: { generation: number; settle: (refusal: SupervisorError | null) => void } | null = null;
  #onStopped: (() => void)[] = [];

  constructor(spec: ModuleSpec, around: ModuleSurroundings, events: ModuleEvents) {
    this.#spec = spec;
    this.#around = around;
    this.#news = new ModuleNews({
      module: spec.name,
      runId: around.runId,
      logRate: spec.logRate,
      events,
      undelivered: (params) => this.#giveBack(params),
    });
    this.#builds = new ModuleBuilds({
      module: spec.name,
      store: around.builds,
      warn: (text) => this.#news.warn(null, text),
    });
    this.#succession = new Succession({
      module: spec.name,
      news: this.#news,
      abis: around.abis,
      spawn: (spec, repeats) => this.#spawnHost(spec, this.#builds.chooseSuccessor(spec, repeats)),
      changed: () => this.#succeeded(),
    });
    this.#search = new AbiSearch(around.abis);
    this.#outside = new OutsideSignals({
      told: (host, signal, from) => this.#news.signalled(host, signal, from),
      replace: (host) => this.#replace(host),
    });
    this.#queue = new CallQueue({ ...spec, queueBytes: around.queueBytes }, this);
  }

  get name(): string {
    return this.#spec.name;
  }

  /** As it is in force. */
  get spec(): ModuleSpec {
    return this.#spec;
  }

  get desired(): 'up' | 'down' {
    return this.#desired;
  }

  /** What tells the file that its host loaded, or failed to, from others; `null` when there was none. */
  get loadedFile(): string | null {
    return this.#builds.loadedFile;
  }

  /** The builds that it may need again. */
  get builds(): Build[] {
    return this.#builds.inUse(this.#hosts());
  }

  /** Starts the module; resolves when it is ready, or with the reason why its first start failed. */
  start(): Promise<SupervisorError | null> {
    const isStarting = this.#life.kind === 'starting';
    if (this.#life.kind === 'serving' && this.#desired === 'up') return Promise.resolve(null);
    this.#desired = 'up';
    this.#builds.note({ kind: 'ordered' });
    return this.#await({ kind: 'start' }, isStarting ? this.#generation : this.#generation + 1);
  }

  /** Lets its host finish and ends it, then starts another one; resolves as {@link start} does. */
  restart(): Promise<SupervisorError | null> {
    this.#desired = 'up';
    this.#history = NO_HISTORY;
    this.#builds.note({ kind: 'ordered' });
    return this.#await({ kind: 'restart' }, this.#generation + 1);
  }

  /** Stops the module and resolves when its hosts are gone. */
  stop(): Promise<void> {
    this.#desired = 'down';
    return new Promise((resolve) => {
      this.#onStopped.push(resolve);
      void this.#succession.abandon();
      this.#step({ kind: 'stop' });
      this.#queue.bypass();
      this.#checkStopped();
    });
  }

  /** The whole core is about to stop: what signals its hosts now does so for that. */
  expectStop(): void {
    this.#isLeaving = true;
  }

  /** Stops the module without patience for its hosts. */
  kill(): void {
    void this.stop();
    for (const host of this.#hosts()) host.kill();
  }

  /** Counts from 0, and forgets what went wrong; a module that waits for its next start is started now, as by {@link start}. */
  reset(): Promise<SupervisorError | null> {
    this.#news.stats = new ModuleStats();
    this.#history = NO_HISTORY;
    this.#lastError = null;
    return this.#desired === 'up' ? this.start() : Promise.resolve(null);
  }

  /** Takes settings that its hosts need not know of. */
  configure(spec: ModuleSpec, around: ModuleSurroundings): void {
    this.#spec = spec;
    this.#around = around;
    this.#queue.configure({ ...spec, queueBytes: around.queueBytes });
    this.#news.limitTo(spec.logRate);
    for (const host of this.#hosts()) host.setTimes(spec, around);
    this.#queue.dispatch();
  }

  /**
   * Starts a host by another spec beside the one that serves. It waits to be adopted; should it die meanwhile, it cannot
   * be any more.
   *
   * @returns why there is none, when it is ready or has failed
   */
  async prepare(spec: ModuleSpec): Promise<SupervisorError | null> {
    this.#tellReplacing(true);
    return this.#succession.prepare(spec);
  }

  /** Why the host that was prepared cannot take over; `null`: it can, now. */
  get unprepared(): SupervisorError | null {
    return this.#succession.failure;
  }

  /** The host that was prepared takes over; the one before it finishes what it holds, and nothing else is begun before. */
  adopt(around: ModuleSurroundings): void {
    const before = this.#host;
    const { host, found, spec } = this.#succession.take(before);
    this.#host = host as Host;
    this.#history = NO_HISTORY;
    this.#lastError = null;
    this.#tellReplacing(false);
    this.#step({ kind: 'adopted' });
    this.#take(this.#host, found as Found);
    this.configure(spec, around);
    before?.stop();
  }

  /** Waits until the hosts are gone from which others have taken over. */
  handedOver(): Promise<void> {
    return this.#succession.handedOver();
  }

  /** Ends the host that was prepared, and waits until it is gone. */
  abandon(): Promise<void> {
    return this.#succession.abandon();
  }

  /** Whether the module has the callback; one that was never ready is asked for everything. */
  wants(callback: Callback): boolean {
    return this.#ready === null || (this.#ready.callbacks ?? []).includes(callback);
  }

  /** Offers one call; the answer comes within the deadline, and is a default verdict if the module has none. */
  offer(event: CallEvent, deadlineMs: number, nowMs: number, conversation: Conversation, taker: AnswerTaker): void {
    this.#queue.offer(event, deadlineMs, nowMs, conversation, taker);
  }

  follow(conversation: Conversation, passed: (nowMs: number) => void): boolean {
    return this.#queue.follow(conversation, passed);
  }

  // ---- what its queue asks ----

  credit(lane: Lane): number {
    // Calls keep their order: what was handed over before comes first.
    return this.#succession.isFinishing ? 0 : (this.#host?.credit(lane) ?? 0);
  }

  call(pending: PendingCall, nowMs: number): void {
    this.#host?.call(pending, nowMs);
  }

  canWait(deadlineMs: number): boolean {
    if (this.#desired === 'down') return false;
    switch (this.#life.kind) {
      case 'serving':
        return true;
      case 'starting':
        // No message waits for a probe: its init tells whether there is any use in that.
        return this.#history.probes === 0;
      case 'backoff':
        return this.#life.untilMs <= deadlineMs;
      default:
        return false;
    }
  }

  takeFinished(): void {
    for (const host of this.#hosts()) host.takeFinished();
  }

  told(event: CallEvent, answer: CallAnswer, micros: number): void {
    if (event.kind === 'message') this.#news.stats.countMessage(answer, micros);
  }

  /** Everything `status` shows. */
  status(): ModuleStatus {
    const host = this.#host;
    const waiting = this.#life.kind === 'backoff' || this.#life.kind === 'failed' ? this.#life.untilMs : null;
    const hosts = this.#hosts();
    return {
      name: this.name,
      state: this.#isReplacing && this.#life.kind === 'serving' ? 'replacing' : this.#life.kind,
      desired: this.#desired,
      pid: host?.pid ?? null,
      generation: host?.generation ?? this.#generation,
      abi: (this.#ready?.abi as AbiName | undefined) ?? null,
      abiSource: this.#abiSource,
      abiReason: this.#ready?.abiReason ?? null,
      path: findModuleFile(this.spec),
      ...this.#builds.status(this.spec, this.#desired === 'up'),
      description: this.#ready?.description || null,
      callbacks: this.#ready?.callbacks ?? [],
      hosts: hosts.map(({ pid, generation, state, startedAt }) => {
        return { pid, generation, state, startedAt: startedAt.toISOString() };
      }),
      ...this.#news.stats.status(),
      lastError: this.#lastError?.message ?? null,
      nextStartAt: waiting === null ? null : new Date(Date.now() + waiting - performance.now()).toISOString(),
      inFlight: hosts.reduce((sum, { inFlight }) => sum + inFlight, 0),
      queued: this.#queue.length,
    };
  }

  // ---- what hosts tell ----

  offered(host: Host, offer: Offer): AbiName {
    return this.#succession.choose(host, offer) ?? this.#search.choose(offer);
  }

  ready(host: Host, said: Ready): void {
    this.#succession.ready(host, said);
    if (host !== this.#host) return;
    const found = this.#search.find(said, host.tries, this.#spec.abi);
    this.#step({ kind: 'ready' });
    this.#take(host, found);
    this.#queue.dispatch();
  }

  answered(_host: Host, pending: PendingCall, answer: CallAnswer | null, nowMs: number): void {
    if (answer === null) this.#queue.giveDefault(pending, 'deadline', nowMs);
    else if (!pending.settle(answer, nowMs) && pending.event.kind === 'message') this.#news.stats.countLate();
  }

  sent(host: Host, sent: Sent): void {
    this.#news.sent(host, sent);
  }

  logged(host: Host, log: Log): void {
    this.#news.logged(host, log);
  }

  dropped(_host: Host, kind: DroppedKind, count: number): void {
    this.#news.dropped(kind, count);
  }

  refusedSends(_host: Host, count: number): void {
    this.#news.stats.sends.refused += count;
  }

  printed(host: Host, stream: 'stdout' | 'stderr', line: string): void {
    this.#news.printed(host, stream, line);
  }

  spared(host: Host, tracer: number): void {
    this.#news.spared(host, tracer);
  }

  signalled(host: Host, signal: NodeJS.Signals, from: number | null): void {
    if (host === this.#host && !this.#isLeaving) this.#outside.signalled(host, signal, from);
  }

  relieved(nowMs: number): void {
    this.#queue.dispatch(nowMs);
  }

  died(host: Host, end: HostEnd): void {
    this.#news.flush();
    for (const pending of end.lost) this.#queue.giveDefault(pending, end.reason);
    this.#queue.putBack(end.unseen);
    if (!this.#succession.died(host, end) && host === this.#host) this.#hostDied(host, end);
  }

  leftBehind(host: Host, ending: Ending): void {
    this.#news.leftBehind(host, ending);
  }

  /** Tells the module that what it sent was not delivered, if it wants to know. */
  #giveBack(params: WireParams): void {
    if (!this.wants('on_message_status')) return;
    const status = { ...params, status: toLong('status', FAILED) };
    const nowMs = performance.now();
    const deadlineMs = nowMs + this.#spec.deadlineMs;
    this.offer(CallEvent.status(status), deadlineMs, nowMs, Conversation.ofStatus(status), NOBODY);
  }

  // ---- the module's own life ----

  /** @returns `false` when it is too early: the host starts, or another one is about to take over */
  #replace(host: Host): boolean {
    if (host !== this.#host || this.#desired === 'down' || this.#isLeaving) return true;
    if (this.#life.kind !== 'serving' || this.#succession.isPreparing) return false;
    this.#step({ kind: 'restart' });
    return true;
  }

  #await(event: ModuleEvent, generation: number): Promise<SupervisorError | null> {
    return new Promise((settle) => {
      this.#awaited = { generation, settle };
      this.#step(event);
    });
  }

  /** Every host that may hold calls, and the one that is being prepared. */
  #hosts(): Host[] {
    return this.#host ? [this.#host, ...this.#succession.hosts] : this.#succession.hosts;
  }

  /** A host that is ready is the one that serves. */
  #take(host: Host, { ready, abiSource }: Found): void {
    this.#ready = ready;
    this.#abiSource = abiSource;
    this.#builds.serves(host.file);
    this.#news.ready(host, `${ready.abi}: ${ready.abiReason}`, ready.warnings ?? []);
    this.#settleStart(host.generation, null);
  }

  #hostDied(host: Host, end: HostEnd): void {
    this.#host = null;
    const repeat = this.#desired === 'up' ? this.#builds.repeats.after(host.file, end) : null;
    if (repeat !== null) {
      this.#step({ kind: 'next-try' }, () => this.#news.tried(host, end, repeat));
      return;
    }
    const timedOut = end.code === 'MODULE_START_TIMEOUT';
    const { next, none } = end.tried === null ? NOTHING_TRIED : this.#search.fail(end.tried, timedOut);
    if (next !== null && this.#desired === 'up') {
      const what = `${end.tried}; ${next} is tried now`;
      this.#step({ kind: 'next-try' }, () => this.#news.tried(host, end, what));
      return;
    }
    const { cause } = end;
    if (cause !== 'start' && cause !== 'stop') this.#news.stats.countCrash(cause, end.signal, new Date());
    const error = errorOfEnd({ module: this.name, generation: host.generation, path: host.path }, end, none);
    const { isStray = false, servedMs } = end;
    const death = { isFault: cause !== 'stop', isStray, servedMs, generation: host.generation };
    this.#buried(error, death, (text) => this.#news.exited(host, end, cause, text));
  }

  /** Who shall take over cannot any more, or one is gone that was taken over from. */
  #succeeded(): void {
    if (!this.#succession.isPreparing) this.#tellReplacing(false);
    this.#queue.dispatch();
    this.#checkStopped();
  }

  #buried(
    error: SupervisorError,
    death: { isFault: boolean; isStray?: boolean; servedMs: number; generation: number },
    announce: (text: string) => void,
  ): void {
    const { isFault, isStray = false } = death;
    const served = this.#life.kind === 'serving';
    const unforced = isStray ? { ...AT_ONCE, delayMs: PATIENCE_MS, history: this.#history } : AT_ONCE;
    const decision = isFault ? this.#decide(served, death.servedMs) : unforced;
    this.#history = decision.history;
    this.#search.giveUp();
    this.#builds.repeats.clear();
    if (decision.kind === 'fail') this.#builds.note({ kind: 'gave-up' });
    if (isFault) this.#lastError = error;
    if (isFault && !served) this.#news.stats.failedStarts += 1;
    this.#step({ kind: 'died', decision }, () => {
      const isTold = isFault || isStray;
      announce(isTold ? `${error.message}; ${this.#consequence()}${this.#builds.describeNext()}` : error.message);
    });
    this.#queue.bypass();
    if (isFault || this.#desired === 'down') this.#settleStart(death.generation, error);
    this.#checkStopped();
  }

  #decide(served: boolean, servedMs: number): RestartDecision {
    const now = { ms: performance.now(), servedMs, hasServed: this.#ready !== null, random: Math.random() };
    return (served ? afterCrash : afterFailedStart)(this.#history, this.#spec, now);
  }

  /** @param announce is called in the new state, before anything follows from it */
  #step(event: ModuleEvent, announce?: () => void): void {
    const from = this.#life;
    const { next, effects } = stepModule(from, event, this.#desired, performance.now());
    this.#life = next;
    announce?.();
    if (next.kind !== from.kind) {
      const reason = event.kind === 'died' && next.kind !== 'stopped' ? (this.#lastError?.message ?? null) : null;
      this.#news.state(from.kind, next.kind, reason);
    }
    for (const effect of effects) this.#perform(effect, event);
  }

  #perform(effect: ModuleEffect, event: ModuleEvent): void {
    switch (effect.kind) {
      case 'spawn':
        // The first host that becomes ready is a start, however often it was tried.
        if (event.kind !== 'start' && event.kind !== 'next-try' && this.#ready !== null) this.#news.stats.restarts += 1;
        this.#spawn();
        break;
      case 'stop-host':
        this.#host?.stop();
        break;
      case 'arm':
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.#step({ kind: 'timer' }), effect.ms);
        break;
      case 'disarm':
        clearTimeout(this.#timer);
        break;
    }
  }

  #spawn(): void {
    const generation = this.#generation + 1;
    try {
      this.#host = this.#spawnHost(this.#spec, this.#builds.chooseNext(this.#spec));
    } catch (error) {
      if (!(error instanceof SupervisorError)) throw error;
      const death = { isFault: true, servedMs: 0, generation };
      // Later, so that one step of the life is over before the next begins.
      setImmediate(() => this.#buried(this.#prefixed(error), death, (text) => this.#news.error(generation, text)));
    }
  }

  /** @throws SupervisorError when its directory is missing, or no process can be had */
  #spawnHost(spec: ModuleSpec, file: HostFile): Host {
    const { path: directory, problem } = findWorkingDirectory(spec.name, spec.directory, this.#around);
    const host = new Host(this.#generation + 1, { ...spec, directory }, file, this.#around, this);
    host.start();
    this.#generation = host.generation;
    this.#news.spawned(host);
    if (problem) this.#news.warn(host.generation, problem);
    return host;
  }

  #prefixed(error: SupervisorError): SupervisorError {
    return new ModuleLoadError(error.code, `module ${this.name}: ${error.message}`, { module: this.name });
  }

  #consequence(): string {
    switch (this.#life.kind) {
      case 'starting':
        return 'it is started again now';
      case 'backoff':
        return `it is started again in ${Math.max(1, Math.round(this.#life.untilMs - performance.now()))} ms`;
      case 'failed':
        return `it is bypassed, and tried again in ${Math.round((this.#life.untilMs - performance.now()) / 1000)} s`;
      default:
        return 'it stays down, as ordered';
    }
  }

  #settleStart(generation: number, refusal: SupervisorError | null): void {
    if (this.#awaited === null || (generation < this.#awaited.generation && this.#desired === 'up')) return;
    const { settle } = this.#awaited;
    this.#awaited = null;
    settle(refusal);
  }

  #checkStopped(): void {
    if (this.#life.kind !== 'stopped' || this.#host !== null || !this.#succession.isOver) return;
    this.#news.flush();
    for (const done of this.#onStopped.splice(0)) done();
  }

  // ---- announcements ----

  /** A state for those who look, which the life of the module knows nothing of. */
  #tellReplacing(isReplacing: boolean): void {
    if (this.#isReplacing === isReplacing) return;
    this.#isReplacing = isReplacing;
    if (this.#life.kind !== 'serving') return;
    const [from, to] = isReplacing ? (['serving', 'replacing'] as const) : (['replacing', 'serving'] as const);
    this.#news.state(from, to, null);
  }
}
