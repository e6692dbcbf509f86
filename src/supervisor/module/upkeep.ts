/** Keeps a host of a replica serving as long as one is wanted: starts it, tells of its death, and starts the next one when that is due. */

import { performance } from 'node:perf_hooks';
import type { AbiName, ModuleSpec } from '../../config/types.js';
import { IllegalStateError, SupervisorError } from '../../errors.js';
import type { Ready } from '../../wire/codec.js';
import type { ModuleBuilds } from '../builds/module-builds.js';
import type { Host } from '../host/host.js';
import type { HostEnd } from '../host/host-listener.js';
import { describeConsequence } from '../news/describe-consequence.js';
import { errorOfEnd } from '../news/host-error.js';
import type { ModuleNews } from '../news/module-news.js';
import type { Found } from '../trials/abi-search.js';
import type { Offer } from '../trials/trial.js';
import type { FailureCause } from '../types.js';
import { AwaitedStart } from './awaited-start.js';
import { consequenceOf } from './consequence.js';
import type { HostMaker } from './host-maker.js';
import type { HostSet } from './host-set.js';
import type { Launch } from './launch.js';
import type { ModuleCalls } from './module-calls.js';
import { type ModuleEffect, type ModuleEvent, type ModuleLife, stepModule } from './module-lifecycle.js';
import { Restarts } from './restarts.js';
import type { Successor } from './successor.js';

/** What it works with. */
export interface UpkeepOptions {
  module: string;
  hosts: HostSet;
  news: ModuleNews;
  calls: ModuleCalls;
  builds: ModuleBuilds;
  maker: HostMaker;
  /** The settings in use. */
  spec: () => ModuleSpec;
  /** A host that was started to replace the one that has died; `null`: there is none. */
  heir: () => Successor | null;
  /** Whether other replicas serve. */
  hasOthers: () => boolean;
  /** It is in another state. */
  moved: (reason: string | null) => void;
  /** A host is gone, and another one will not follow now. */
  buried: () => void;
}

/** A death, or a start for which there was not even a process. */
interface Loss {
  error: SupervisorError;
  generation: number;
  /** Nobody had ordered it. */
  isFault: boolean;
  /** Somebody else ended the host, most likely with the whole core. */
  isStray: boolean;
  servedMs: number;
}

/** The life of one replica, apart from who takes over from whom. */
export class Upkeep {
  readonly #options: UpkeepOptions;
  readonly #restarts = new Restarts();
  readonly #awaited = new AwaitedStart();
  #life: ModuleLife = { kind: 'stopped' };
  #desired: 'up' | 'down' = 'down';
  /** The start in progress; `null`: a host is ready, or there is none. */
  #launch: Launch | null = null;
  #found: Found | null = null;
  #lastError: SupervisorError | null = null;
  #lastErrorMs = 0;
  #restartCount = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: UpkeepOptions) {
    this.#options = options;
  }

  get life(): ModuleLife {
    return this.#life;
  }

  get desired(): 'up' | 'down' {
    return this.#desired;
  }

  /** What the last ready host said; `null`: none was ever ready. */
  get found(): Found | null {
    return this.#found;
  }

  get lastError(): SupervisorError | null {
    return this.#lastError;
  }

  /** When that was, on the clock of `performance.now()`. */
  get lastErrorMs(): number {
    return this.#lastErrorMs;
  }

  /** Starts after it had served. */
  get restartCount(): number {
    return this.#restartCount;
  }

  /** Whether a call with this deadline can still reach a host. */
  canWait(deadlineMs: number): boolean {
    if (this.#desired === 'down') return false;
    switch (this.#life.kind) {
      case 'serving':
        return true;
      case 'starting':
        // No message waits for a probe: only its init shows whether waiting makes sense.
        return !this.#restarts.isProbing;
      case 'backoff':
        return this.#life.untilMs <= deadlineMs;
      default:
        return false;
    }
  }

  /** Starts the module; resolves when it is ready, or with the reason why its first start failed. */
  start(): Promise<SupervisorError | null> {
    const isStarting = this.#life.kind === 'starting';
    if (this.#life.kind === 'serving' && this.#desired === 'up') return Promise.resolve(null);
    const { generation } = this.#options.maker;
    return this.#order({ kind: 'start' }, isStarting ? generation : generation + 1);
  }

  /** Lets its host finish and ends it, then starts another one; resolves as {@link start} does. */
  restart(): Promise<SupervisorError | null> {
    this.#restarts.forget();
    return this.#order({ kind: 'restart' }, this.#options.maker.generation + 1);
  }

  /** Replaces the host; nobody waits for the end of this. */
  renew(): void {
    this.#step({ kind: 'restart' });
  }

  /** Lets its host finish and ends it; none is wanted any more. */
  stop(): void {
    this.#desired = 'down';
    this.#step({ kind: 'stop' });
    // It had waited for its next start, which is not made any more. A host that is there is waited for: its death says more.
    if (this.#life.kind === 'stopped') this.#awaited.settle(this.#options.maker.generation, this.#stopped(), true);
  }

  /** Forgets what went wrong. */
  forget(): void {
    this.#restarts.forget();
    this.#lastError = null;
  }

  /** The same, and counts from 0. */
  reset(): void {
    this.forget();
    this.#restartCount = 0;
  }

  /** A host that was made ready beside the others serves from now on. */
  adopt(host: Host, found: Found): void {
    this.#desired = 'up';
    this.#launch = null;
    this.forget();
    this.#step({ kind: 'adopted' });
    this.#serve(host, found);
  }

  /** A host that was made ready to replace another one serves from now on. What went wrong before still counts. */
  inherit(host: Host, found: Found): void {
    this.#serve(host, found);
  }

  /** A host that served before serves again. @param found - what it said when it was ready */
  takeBack(host: Host, found: Found): void {
    this.#launch = null;
    this.#restarts.forget();
    this.#found = found;
    this.#options.builds.serves(host.file);
    this.#step({ kind: 'adopted' });
  }

  /** Its host has died, and one that served before is about to take over again. @returns why, in words */
  lost(end: HostEnd): string {
    const { news } = this.#options;
    const error = errorOfEnd(end);
    news.stats.countCrash(end.cause as FailureCause, end.facts.signal, new Date());
    this.#lastError = error;
    this.#lastErrorMs = performance.now();
    news.exited(end, end.cause, `${error.message}; the process before it takes over again`);
    return error.message;
  }

  /** Chooses the ABI that its host tries. */
  choose(offer: Offer): AbiName {
    return (this.#launch as Launch).choose(offer);
  }

  /** Its host is ready. */
  ready(host: Host, said: Ready): void {
    if (this.#launch === null) return;
    const found = this.#launch.ready(host, said);
    this.#launch = null;
    this.#step({ kind: 'ready' });
    this.#serve(host, found);
    this.#options.calls.dispatch();
  }

  /** Its host has died. */
  died(host: Host, end: HostEnd): void {
    const { news } = this.#options;
    const step = this.#launch?.died(host, end, this.#desired === 'up');
    if (step?.kind === 'next-try') {
      this.#step({ kind: 'next-try' }, () => news.tried(end, step.reason));
      return;
    }
    const { cause, servedMs, what } = end;
    if (cause !== 'start' && cause !== 'stop') news.stats.countCrash(cause, end.facts.signal, new Date());
    const { generation } = host;
    // A host that has replaced another one goes on with its time.
    const stretchMs = this.#life.kind === 'serving' ? performance.now() - this.#life.sinceMs : servedMs;
    const loss = { generation, isFault: cause !== 'stop', isStray: what.kind === 'stray', servedMs: stretchMs };
    const told = step?.isAsTold ? { ...end, cardId: null } : end;
    this.#bury({ ...loss, error: step?.error ?? errorOfEnd(end) }, (text) => news.exited(told, cause, text));
  }

  #order(event: ModuleEvent, generation: number): Promise<SupervisorError | null> {
    this.#desired = 'up';
    // The others must not be joined by another build.
    if (!this.#options.hasOthers()) this.#options.builds.note({ kind: 'ordered' });
    const awaited = this.#awaited.wait(generation);
    this.#step(event);
    return awaited;
  }

  #stopped(): SupervisorError {
    const { module } = this.#options;
    return new IllegalStateError('ILLEGAL_STATE', `module ${module}: it was stopped before it was ready`, { module });
  }

  #serve(host: Host, found: Found): void {
    const { news, builds } = this.#options;
    this.#found = found;
    builds.serves(host.file);
    const { abi, abiReason, warnings } = found.ready;
    news.ready(host, `${abi}: ${abiReason}`, warnings ?? []);
    this.#awaited.settle(host.generation, null, this.#desired === 'down');
  }

  #bury({ error, generation, isFault, isStray, servedMs }: Loss, announce: (text: string) => void): void {
    const { news, builds, calls, hasOthers, buried } = this.#options;
    this.#launch = null;
    const served = this.#life.kind === 'serving';
    const death = { isFault, isStray, served, servedMs, hasServed: this.#found !== null };
    const decision = this.#restarts.decide(death, this.#options.spec());
    if (decision.kind === 'fail' && !hasOthers()) builds.note({ kind: 'gave-up' });
    if (isFault) {
      this.#lastError = error;
      this.#lastErrorMs = performance.now();
    }
    if (isFault && !served) news.stats.totals.failedStarts += 1;
    this.#step({ kind: 'died', decision }, () => {
      const follows = `; ${this.#describeConsequence()}${builds.describeNext()}`;
      announce(isFault || isStray ? `${error.message}${follows}` : error.message);
    });
    calls.bypass();
    if (isFault || this.#desired === 'down') this.#awaited.settle(generation, error, this.#desired === 'down');
    buried();
  }

  /** @param announce is called in the new state, before anything follows from it */
  #step(event: ModuleEvent, announce?: () => void): void {
    const from = this.#life;
    const { next, effects } = stepModule(from, event, this.#desired, performance.now());
    this.#life = next;
    announce?.();
    if (next.kind !== from.kind) {
      this.#options.moved(this.#reasonOf(event, next));
    }
    for (const effect of effects) this.#perform(effect, event);
  }

  /** Why a death led to a state. Of a module that is given up it also says what becomes of its messages. */
  #reasonOf(event: ModuleEvent, next: ModuleLife): string | null {
    if (event.kind !== 'died' || next.kind === 'stopped' || this.#lastError === null) return null;
    const { message } = this.#lastError;
    return next.kind === 'failed' ? `${message}; ${this.#describeConsequence()}` : message;
  }

  /** What follows from a death, by the state that the module has come into. */
  #describeConsequence(): string {
    const { spec, hasOthers } = this.#options;
    return describeConsequence(consequenceOf(this.#life, spec(), performance.now(), hasOthers()));
  }

  #perform(effect: ModuleEffect, event: ModuleEvent): void {
    switch (effect.kind) {
      case 'spawn':
        // The first host that becomes ready is a start, however often it was tried.
        if (event.kind !== 'start' && event.kind !== 'next-try' && this.#found !== null) {
          this.#options.news.stats.totals.restarts += 1;
          this.#restartCount += 1;
        }
        this.#spawn();
        break;
      case 'stop-host':
        for (const host of this.#options.hosts.in('serving')) host.stop();
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

  /** What was started to replace a host takes its place. */
  #succeed({ launch, found }: Successor, host: Host): void {
    this.#options.hosts.place(host, 'serving');
    if (found === null) {
      this.#launch = launch;
      return;
    }
    this.#step({ kind: 'ready' });
    this.#serve(host, found);
    this.#options.calls.dispatch();
  }

  #spawn(): void {
    const { module, maker, spec, builds, heir } = this.#options;
    const begun = this.#launch === null ? heir() : null;
    if (begun?.host) {
      this.#succeed(begun, begun.host);
      return;
    }
    const generation = maker.generation + 1;
    this.#launch ??= maker.launch(spec(), (spec, repeats) => builds.chooseNext(spec, repeats));
    const launch = this.#launch;
    try {
      this.#options.hosts.place(launch.next(), 'serving');
    } catch (error) {
      if (!(error instanceof SupervisorError)) throw error;
      const loss = { error: error.ofModule(module), generation, isFault: true, isStray: false, servedMs: 0 };
      // Later, so that one step of the life is over before the next begins.
      setImmediate(() => {
        // Another host may have taken over meanwhile.
        if (this.#launch === launch) this.#bury(loss, (text) => this.#options.news.error(generation, text));
      });
    }
  }
}
