/** One configured module: what it wants, its queue, its default verdict, its generations and their host. */

import { performance } from 'node:perf_hooks';
import type { AbiName, ModuleSpec } from '../config/types.js';
import { HostExitError, ModuleLoadError, SupervisorError } from '../errors.js';
import type { Log, Ready, Result, Sent } from '../wire/codec.js';
import { toLong, type WireParams } from '../wire/params.js';
import { toAnswer } from './calls/answer.js';
import { CallQueue, type CallRoute } from './calls/call-queue.js';
import type { CallAnswer, CallEvent, LaneName, PendingCall } from './calls/pending-call.js';
import { Host, type HostSurroundings } from './host.js';
import type { HostEnd, HostListener } from './host-listener.js';
import { describeEnding, type Ending } from './leftovers/end-processes.js';
import { findModuleFile, requireModuleFile } from './module-file.js';
import { type ModuleEffect, type ModuleEvent, type ModuleLife, stepModule } from './module-lifecycle.js';
import { ModuleStats } from './module-stats.js';
import { toLogText, toSentMessage } from './output/announcements.js';
import { type DroppedKind, DroppedOutput, type UndeliveredKind } from './output/dropped-output.js';
import { afterCrash, afterFailedStart, NO_HISTORY, type RestartHistory } from './restart-policy.js';
import type { AbiMemory } from './trials/abi-memory.js';
import { AbiSearch } from './trials/abi-search.js';
import type { Offer } from './trials/trial.js';
import type { DeathCause, LifecycleEvent, LogLine, ModuleStatus, SentMessage } from './types.js';

/** The status of a message that was not delivered: `MESIBO_MODULE_MSGSTATUS_FAIL`. */
const FAILED = 0x80;
const NOTHING_TRIED = { next: null, none: null };

/** What a module runs with beside its own settings. */
export interface ModuleSurroundings extends HostSurroundings {
  abis: AbiMemory;
  queueBytes: number;
}

/** What a module announces. */
export interface ModuleEvents {
  /**
   * @param params its parameters, to be kept
   * @returns why it could not be delivered; `null`: it was taken
   */
  message(sent: SentMessage, params: WireParams): UndeliveredKind | null;
  lifecycle(event: LifecycleEvent): void;
  log(line: LogLine): void;
}

/** The life of one configured module. */
export class Module implements HostListener, CallRoute {
  readonly spec: ModuleSpec;
  readonly #around: ModuleSurroundings;
  readonly #events: ModuleEvents;
  readonly #stats = new ModuleStats();
  readonly #queue: CallQueue;
  readonly #dropped: DroppedOutput;
  readonly #search: AbiSearch;
  #life: ModuleLife = { kind: 'stopped' };
  #desired: 'up' | 'down' = 'down';
  #host: Host | null = null;
  #generation = 0;
  #history: RestartHistory = NO_HISTORY;
  #ready: Ready | null = null;
  #abiSource: ModuleStatus['abiSource'] = null;
  #lastError: SupervisorError | null = null;
  #timer: NodeJS.Timeout | undefined;
  #onSettled: ((refusal: SupervisorError | null) => void) | null = null;
  #onStopped: (() => void)[] = [];

  constructor(spec: ModuleSpec, around: ModuleSurroundings, events: ModuleEvents) {
    this.spec = spec;
    this.#around = around;
    this.#events = events;
    this.#dropped = new DroppedOutput(spec.logRate, (text) => this.#say(1, `module ${this.name}: ${text}`));
    this.#search = new AbiSearch(around.abis);
    this.#queue = new CallQueue({ ...spec, queueBytes: around.queueBytes }, this);
  }

  get name(): string {
    return this.spec.name;
  }

  /** Starts the module; resolves when it is ready, or with the reason why its first start failed. */
  start(): Promise<SupervisorError | null> {
    this.#desired = 'up';
    return new Promise((resolve) => {
      this.#onSettled = resolve;
      this.#step({ kind: 'start' });
    });
  }

  /** Stops the module and resolves when its host is gone. */
  stop(): Promise<void> {
    this.#desired = 'down';
    return new Promise((resolve) => {
      this.#onStopped.push(resolve);
      this.#step({ kind: 'stop' });
      this.#queue.bypass();
      this.#checkStopped();
    });
  }

  /** Stops the module without patience for its host. */
  kill(): void {
    void this.stop();
    this.#host?.kill();
  }

  /** Whether the module has the callback; one that was never ready is asked for everything. */
  wants(callback: string): boolean {
    return this.#ready === null || (this.#ready.callbacks ?? []).includes(callback);
  }

  /** Offers one call; the answer comes within the deadline, and is a default verdict if the module has none. */
  offer(event: CallEvent, deadlineMs: number): Promise<CallAnswer> {
    const began = performance.now();
    return new Promise((resolve) => {
      this.#queue.offer(event, deadlineMs, (answer) => {
        if (event.message) this.#stats.countMessage(answer, Math.round((performance.now() - began) * 1000));
        resolve(answer);
      });
    });
  }

  // ---- what its queue asks ----

  credit(lane: LaneName): number {
    return this.#host?.credit(lane) ?? 0;
  }

  call(pending: PendingCall, nowMs: number): void {
    this.#host?.call(pending, nowMs);
  }

  canWait(deadlineMs: number): boolean {
    if (this.#desired === 'down') return false;
    switch (this.#life.kind) {
      case 'serving':
      case 'starting':
        return true;
      case 'backoff':
        return this.#life.untilMs <= deadlineMs;
      default:
        return false;
    }
  }

  takeFinished(): void {
    this.#host?.takeFinished();
  }

  /** Everything `status` shows. */
  status(): ModuleStatus {
    const host = this.#host;
    const waiting = this.#life.kind === 'backoff' || this.#life.kind === 'failed' ? this.#life.untilMs : null;
    const hosts = host
      ? [{ pid: host.pid, generation: host.generation, state: host.state, startedAt: host.startedAt.toISOString() }]
      : [];
    return {
      name: this.name,
      state: this.#life.kind,
      desired: this.#desired,
      pid: host?.pid ?? null,
      generation: this.#generation,
      abi: (this.#ready?.abi as AbiName | undefined) ?? null,
      abiSource: this.#abiSource,
      abiReason: this.#ready?.abiReason ?? null,
      path: findModuleFile(this.spec),
      description: this.#ready?.description || null,
      callbacks: this.#ready?.callbacks ?? [],
      hosts,
      ...this.#stats.status(),
      lastError: this.#lastError?.message ?? null,
      nextStartAt: waiting === null ? null : new Date(Date.now() + waiting - performance.now()).toISOString(),
      inFlight: host?.inFlight ?? 0,
      queued: this.#queue.length,
    };
  }

  // ---- what hosts tell ----

  offered(_host: Host, offer: Offer): AbiName {
    return this.#search.choose(offer);
  }

  ready(host: Host, said: Ready): void {
    if (host !== this.#host) return;
    const { ready, abiSource } = this.#search.find(said, host.tries, this.spec.abi);
    this.#ready = ready;
    this.#abiSource = abiSource;
    this.#step({ kind: 'ready' });
    const { generation, pid, startMicros } = host;
    this.#events.lifecycle({ kind: 'ready', module: this.name, generation, pid, startMicros });
    this.#say(2, `ready in ${Math.round(startMicros / 1000)} ms with the ABI ${ready.abi}: ${ready.abiReason}`);
    for (const warning of ready.warnings ?? []) this.#say(1, `module ${this.name}: ${warning}`);
    this.#settleStart(null);
    this.#queue.dispatch();
  }

  answered(_host: Host, pending: PendingCall, result: Result): void {
    if (result.expired) this.#queue.giveDefault(pending, 'deadline');
    else if (!pending.settled) pending.settle(toAnswer(result));
    else if (pending.event.message) this.#stats.countLate();
  }

  sent(host: Host, sent: Sent): void {
    this.#stats.sends.total += 1;
    const origin = { runId: this.#around.runId, module: this.name, generation: host.generation };
    const { message, params } = toSentMessage(origin, String(this.#stats.sends.total), sent);
    const undelivered = this.#events.message(message, params);
    if (undelivered === null) return;
    this.#stats.sends.undelivered += 1;
    this.#dropped.add(undelivered, 1);
    // Later: the host may have died, and this be read from its black box while it is buried.
    queueMicrotask(() => this.#giveBack(params));
  }

  logged(host: Host, log: Log): void {
    this.#log(host, 'module', log.level ?? 0, toLogText(log));
  }

  dropped(_host: Host, kind: DroppedKind, count: number): void {
    this.#stats.countDropped(kind, count);
    this.#dropped.add(kind, count);
  }

  refusedSends(_host: Host, count: number): void {
    this.#stats.sends.refused += count;
  }

  printed(host: Host, stream: 'stdout' | 'stderr', line: string): void {
    this.#log(host, stream, 0, line);
  }

  spared(host: Host, tracer: number): void {
    const what = `host ${host.generation} (pid ${host.pid}) does not answer in time`;
    this.#say(1, `module ${this.name}: ${what}, and is left alone: process ${tracer} traces it`);
  }

  relieved(): void {
    this.#queue.dispatch();
  }

  died(host: Host, end: HostEnd): void {
    this.#dropped.flush();
    if (host !== this.#host) return;
    this.#host = null;
    for (const pending of end.lost) this.#queue.giveDefault(pending, end.reason);
    this.#queue.putBack(end.unseen);
    const timedOut = end.code === 'MODULE_START_TIMEOUT';
    const { next, none } = end.tried === null ? NOTHING_TRIED : this.#search.fail(end.tried, timedOut);
    if (next !== null && this.#desired === 'up') this.#tryNext(host, `${end.tried}; ${next} is tried now`, end);
    else this.#end(host, end, none);
  }

  leftBehind(host: Host, ending: Ending): void {
    const what = describeEnding(ending, `that host ${host.generation} (pid ${host.pid}) left behind`);
    if (what) this.#say(1, `module ${this.name}: ${what}`);
  }

  /** Tells the module that what it sent was not delivered, if it wants to know. */
  #giveBack(params: WireParams): void {
    if (!this.wants('on_message_status')) return;
    const status = { ...params, status: toLong('status', FAILED) };
    void this.offer({ status }, performance.now() + this.spec.deadlineMs);
  }

  // ---- the module's own life ----

  /** @param noAbi - why it has none, when the last one that it may have was tried */
  #end(host: Host, end: HostEnd, noAbi: string | null): void {
    const { cause, signal, exitCode } = end;
    const code = noAbi === null ? end.code : 'MODULE_NO_ABI';
    const text = noAbi === null ? end.text : `module ${this.name}: ${host.path}: ${noAbi}`;
    if (cause !== 'start' && cause !== 'stop') this.#stats.countCrash(cause, signal, new Date());
    const error = new (cause === 'start' ? ModuleLoadError : HostExitError)(code, text, {
      module: this.name,
      generation: host.generation,
      ...(signal === null ? {} : { signal }),
      ...(exitCode === null ? {} : { exitCode }),
    });
    this.#buried(error, cause !== 'stop', end.servedMs, (text) => this.#tellExit(host, end, cause, text));
  }

  /** The next of several ABIs, in a fresh process: no failure, and nothing is waited for or counted. */
  #tryNext(host: Host, what: string, end: HostEnd): void {
    const text = `module ${this.name}: host ${host.generation} (pid ${host.pid}) could not start it: ${what}`;
    this.#step({ kind: 'next-try' }, () => this.#tellExit(host, end, 'trial', text));
  }

  #tellExit({ generation, pid }: Host, { signal, exitCode }: HostEnd, cause: DeathCause, text: string): void {
    this.#events.lifecycle({ kind: 'exited', module: this.name, generation, pid, cause, signal, exitCode, text });
  }

  #buried(error: SupervisorError, isFault: boolean, servedMs: number, announce: (text: string) => void): void {
    const now = { ms: performance.now(), servedMs, hasServed: this.#ready !== null, random: Math.random() };
    const served = this.#life.kind === 'serving';
    const decision = served
      ? afterCrash(this.#history, this.spec, now)
      : afterFailedStart(this.#history, this.spec, now);
    this.#history = decision.history;
    this.#search.giveUp();
    if (isFault) this.#lastError = error;
    if (isFault && !served) this.#stats.failedStarts += 1;
    this.#step({ kind: 'died', decision }, () => {
      announce(isFault ? `${error.message}; ${this.#consequence()}` : error.message);
    });
    this.#queue.bypass();
    this.#settleStart(error);
    this.#checkStopped();
  }

  /** @param announce is called in the new state, before anything follows from it */
  #step(event: ModuleEvent, announce?: () => void): void {
    const from = this.#life;
    const { next, effects } = stepModule(from, event, this.#desired, performance.now());
    this.#life = next;
    announce?.();
    if (next.kind !== from.kind) {
      const reason = event.kind === 'died' && next.kind !== 'stopped' ? (this.#lastError?.message ?? null) : null;
      this.#events.lifecycle({ kind: 'module', module: this.name, from: from.kind, to: next.kind, reason });
    }
    for (const effect of effects) this.#perform(effect, event);
  }

  #perform(effect: ModuleEffect, event: ModuleEvent): void {
    switch (effect.kind) {
      case 'spawn':
        // The first host that becomes ready is a start, however often it was tried.
        if (event.kind !== 'start' && event.kind !== 'next-try' && this.#ready !== null) this.#stats.restarts += 1;
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
    try {
      const path = requireModuleFile(this.spec);
      const host = new Host(this.#generation + 1, { ...this.spec, path }, this.#around, this);
      host.start();
      this.#host = host;
      this.#generation = host.generation;
      const { generation, pid } = host;
      if (pid !== 0) this.#events.lifecycle({ kind: 'spawned', module: this.name, generation, pid });
    } catch (error) {
      if (!(error instanceof SupervisorError)) throw error;
      const prefixed = new ModuleLoadError(error.code, `module ${this.name}: ${error.message}`, { module: this.name });
      // Later, so that one step of the life is over before the next begins.
      setImmediate(() => this.#buried(prefixed, true, 0, (text) => this.#say(0, text)));
    }
  }

  #consequence(): string {
    switch (this.#life.kind) {
      case 'starting':
        return 'it is started again now';
      case 'backoff':
        return `it is started again in ${Math.max(1, Math.round(this.#life.untilMs - performance.now()))} ms`;
      case 'failed':
        return `it is bypassed and tried again every ${Math.round((this.#life.untilMs - performance.now()) / 1000)} s`;
      default:
        return 'it stays down, as ordered';
    }
  }

  #settleStart(refusal: SupervisorError | null): void {
    this.#onSettled?.(refusal);
    this.#onSettled = null;
  }

  #checkStopped(): void {
    if (this.#life.kind !== 'stopped' || this.#host !== null) return;
    this.#dropped.flush();
    for (const done of this.#onStopped.splice(0)) done();
  }

  // ---- announcements ----

  #log(host: Host, source: LogLine['source'], level: number, text: string): void {
    this.#events.log({ time: Date.now(), module: this.name, generation: host.generation, source, level, text });
  }

  #say(level: number, text: string): void {
    const generation = this.#generation || null;
    this.#events.log({ time: Date.now(), module: this.name, generation, source: 'supervisor', level, text });
  }
}
