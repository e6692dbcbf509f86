/** One of the replicas of a module: its hosts, and what keeps one of them serving. A module has one, unless it is told otherwise. */

import { performance } from 'node:perf_hooks';
import type { ModuleSpec } from '../../config/types.js';
import type { SupervisorError } from '../../errors.js';
import type { QuarantineTable } from '../../quarantine/table.js';
import type { ModuleBuilds } from '../builds/module-builds.js';
import type { Shard } from '../calls/shard.js';
import type { Host, HostSurroundings } from '../host/host.js';
import type { HostEnd, HostListener } from '../host/host-listener.js';
import { errorOfEnd } from '../news/host-error.js';
import type { ModuleNews } from '../news/module-news.js';
import type { ShadowTally } from '../shadows/shadow-tally.js';
import type { AbiMemory } from '../trials/abi-memory.js';
import type { ReplicaStatus, Wear } from '../types.js';
import { type Generations, HostMaker } from './host-maker.js';
import { type HostReader, hearHosts } from './host-reports.js';
import { HostSet } from './host-set.js';
import { KeptHosts } from './kept-hosts.js';
import { killOf } from './kill.js';
import { MemoryCeiling } from './memory-ceiling.js';
import type { ModuleCalls } from './module-calls.js';
import { OutsideSignals } from './outside-signals.js';
import type { Recycling, Renewable, RenewalEnd } from './recycling.js';
import { mayBeSpent } from './recycling-policy.js';
import { ReplicaMember } from './replica-member.js';
import { Succession } from './succession.js';
import { Upkeep } from './upkeep.js';
import { nextStartOf } from './wall-time.js';

/** How long reports of signals are held back. */
const SIGNAL_NEWS_MS = 200;

/** What the replicas of a module share. */
export interface ReplicaSurroundings {
  news: ModuleNews;
  calls: ModuleCalls;
  builds: ModuleBuilds;
  quarantine: QuarantineTable;
  generations: Generations;
  /** What is counted of the module as a shadow; `null`: it is in the chain. */
  tally: ShadowTally | null;
  recycling: Recycling<Host>;
  /** As it is for the next host. */
  around: () => HostSurroundings & { abis: AbiMemory };
  /** Puts something between the module and its hosts, to listen. */
  listen: (listener: HostListener<Host>) => HostListener<Host>;
  /** Whether the whole core stops. */
  isCoreLeaving: () => boolean;
  /** Whether other replicas than this one serve. */
  hasOthers: (replica: Replica) => boolean;
  /** Its state is another one, which may be the state of the module as well. */
  moved: (reason: string | null) => void;
  /** It has a host with this number. */
  madeHost: (replica: Replica, generation: number) => void;
  /** Whether the module has new hosts, which may have to give way to those before them. */
  isOnProbation: () => boolean;
  /** A new host has failed: the hosts before the new ones take over again, in all replicas. */
  goBack: (reason: string) => void;
  /** Its successor can no longer take over, or a host is gone. */
  changed: () => void;
}

/** One share of the conversations. */
export class Replica implements Renewable<Host> {
  /** From 0; that of a replica which is gone is used again. */
  readonly index: number;
  readonly hosts = new HostSet();
  /** It alone, for events that are for it. */
  readonly member: ReplicaMember;
  #spec: ModuleSpec;
  readonly #options: ReplicaSurroundings;
  readonly #maker: HostMaker;
  readonly #upkeep: Upkeep;
  readonly #succession: Succession;
  readonly #kept: KeptHosts;
  readonly #outside: OutsideSignals<Host>;
  readonly #ceiling: MemoryCeiling<Host>;
  /** `null`: it gets no calls, as it has not joined yet, or has left. */
  #shard: Shard | null = null;
  #isLeaving = false;

  constructor(index: number, spec: ModuleSpec, options: ReplicaSurroundings) {
    this.index = index;
    this.#spec = spec;
    this.#options = options;
    const { news, calls, builds, around, generations } = options;
    const listener = options.listen(hearHosts(this.#readHosts(), calls, news));
    const made = (generation: number) => options.madeHost(this, generation);
    const maker = new HostMaker({ news, replica: index, around, listener: () => listener, generations, made });
    const parts = { module: spec.name, hosts: this.hosts, news, calls, builds, maker };
    this.#upkeep = new Upkeep({
      ...parts,
      spec: () => this.#spec,
      heir: () => this.#succession.takeRenewal(),
      hasOthers: () => options.hasOthers(this),
      moved: (reason) => options.moved(reason),
      buried: () => options.changed(),
    });
    this.#succession = new Succession({ ...parts, changed: () => options.changed() });
    this.#kept = new KeptHosts({
      hosts: this.hosts,
      gaveUp: (host, afterMs) => {
        news.tooBusyToKeep(host, afterMs);
        options.changed();
      },
    });
    this.#outside = new OutsideSignals({
      told: (host, signal, from) => news.signalled(host, signal, from),
      replace: (host) => this.#replace(host),
    });
    this.#ceiling = new MemoryCeiling({
      limitBytes: () => this.#spec.maxRssBytes,
      hosts: () => this.hosts.in('serving'),
      replace: (host, memoryBytes) => {
        const { maxRssBytes } = this.#spec;
        if (maxRssBytes !== null) options.recycling.replace(host, { cause: 'memory', memoryBytes, maxRssBytes });
      },
      spared: (host, memoryBytes) => news.tooHeavy(host, memoryBytes, this.#spec.maxRssBytes ?? 0),
    });
    this.#maker = maker;
    this.member = new ReplicaMember(this, calls);
  }

  /** The settings in use. */
  get spec(): ModuleSpec {
    return this.#spec;
  }

  get upkeep(): Upkeep {
    return this.#upkeep;
  }

  get succession(): Succession {
    return this.#succession;
  }

  /** Its calls; `null`: it gets none. */
  get shard(): Shard | null {
    return this.#shard;
  }

  /** The number of its newest host. */
  get generation(): number {
    return this.#maker.generation;
  }

  /** Whether a host of it is ready. */
  get isServing(): boolean {
    return this.#upkeep.life.kind === 'serving' && !this.#isLeaving;
  }

  /** Whether it was told to leave. */
  get isLeaving(): boolean {
    return this.#isLeaving;
  }

  /** Whether it is stopped, and none of its processes is left. */
  get isGone(): boolean {
    return this.#upkeep.life.kind === 'stopped' && this.hosts.all.length === 0 && this.#succession.isOver;
  }

  /** Whether its hosts only serve: none is about to take over, none finishes after that. */
  get isSettled(): boolean {
    return this.#succession.isOver && this.hosts.all.length === this.hosts.in('serving').length;
  }

  /** Its host, if another one by the same build may take over from it now. */
  get renewable(): Host | null {
    const { first } = this.hosts;
    if (this.#isLeaving || this.#upkeep.desired === 'down' || this.#options.isCoreLeaving()) return null;
    return this.#upkeep.life.kind === 'serving' && first?.state === 'ready' ? first : null;
  }

  /** It takes its share of the calls from now on. */
  join(): void {
    const canWait = (deadlineMs: number) => this.#isLeaving || this.#upkeep.canWait(deadlineMs);
    this.#shard = this.#options.calls.addReplica(this.index, this.hosts, canWait);
  }

  /** Finishes what its hosts hold, and ends. Others take its share as soon as its hosts hold nothing. */
  leave(): void {
    this.#isLeaving = true;
    if (this.#shard) this.#shard.isLeaving = true;
    void this.#succession.abandon();
    this.#upkeep.stop();
    this.#handOver();
  }

  /** Lets its hosts finish and ends them; none is wanted any more. */
  stop(): void {
    void this.#succession.abandon();
    this.#upkeep.stop();
  }

  /** Ends what looks at its hosts. */
  close(): void {
    this.#ceiling.close();
  }

  /** What `status` shows of it. */
  status(): ReplicaStatus {
    const { life, lastError, restartCount } = this.#upkeep;
    return {
      replica: this.index,
      state: life.kind,
      isServing: this.isServing,
      inFlight: this.hosts.inFlight,
      queued: this.#shard?.length ?? 0,
      restarts: restartCount,
      lastError: lastError?.message ?? null,
      nextStartAt: nextStartOf(life),
    };
  }

  /** Takes settings that its hosts need not know of. */
  configure(spec: ModuleSpec, around: HostSurroundings): void {
    this.#spec = spec;
    for (const host of this.hosts.all) host.configure(spec, around);
    if (this.hosts.first !== null) this.#ceiling.open();
  }

  /** Starts a host by another spec, which waits to be adopted. @returns why there is none, when it is ready or has failed */
  prepare(spec: ModuleSpec): Promise<SupervisorError | null> {
    return this.#succession.prepare(spec);
  }

  /**
   * The prepared host takes over.
   *
   * @param keeps - whether ready hosts stay, to take over again
   * @returns the other hosts that served before, to be stopped
   */
  adopt(keeps = false): readonly Host[] {
    const { host, found, spec, before } = this.#succession.take();
    const ending = keeps ? this.#kept.keep(before, this.#upkeep.found, spec.stopTimeoutMs) : before;
    this.#spec = spec;
    this.#upkeep.adopt(host, found);
    return ending;
  }

  /** Whether a host is kept that can take over again. */
  get keeps(): boolean {
    return this.#kept.areThere;
  }

  /** The kept hosts serve again, if there are any. @returns the hosts that served until now, to be stopped */
  takeBack(): readonly Host[] {
    const after = this.hosts.in('serving');
    const back = this.#kept.takeBack();
    if (back === null) return [];
    for (const host of after) this.hosts.place(host, 'retiring');
    this.#upkeep.takeBack(back.host, back.found);
    return after;
  }

  /** Kept hosts are no longer needed. */
  dismiss(): void {
    this.#kept.dismiss();
  }

  /** Starts another host by the same build, which takes over as soon as it is ready. */
  renew(wear: Wear, ended: (end: RenewalEnd<Host>) => void): void {
    this.#succession.renew(this.#spec, {
      ready: () => {
        // The old host has died, and the next start is yet to come. It takes this one.
        if (this.#upkeep.life.kind !== 'serving') return;
        if (wear.cause === 'memory') this.#ceiling.replaced(performance.now());
        ended({ kind: 'took-over', by: this.#takeOver() });
      },
      failed: (error) => {
        const isOldThere = this.#upkeep.life.kind === 'serving';
        ended(error !== null && isOldThere ? { kind: 'failed', error } : { kind: 'given-up' });
      },
    });
  }

  /** Ends what {@link renew} has started. */
  giveUpRenewal(): void {
    this.#succession.giveUpRenewal();
  }

  // ---- what its hosts tell ----

  #readHosts(): HostReader {
    return {
      offered: (host, offer) => this.#succession.choose(host, offer) ?? this.#upkeep.choose(offer),
      ready: (host, said) => {
        this.#succession.ready(host, said);
        if (this.hosts.roleOf(host) !== 'serving') return;
        this.#upkeep.ready(host, said);
        this.#ceiling.open();
        this.#options.recycling.look();
      },
      relieved: (host, nowMs) => this.#relieved(host, nowMs),
      signalled: (host, signal, from) => {
        // A service manager that ends the whole service signals the core as well, which may take a moment to obey.
        const tell = () => {
          const isServing = this.hosts.roleOf(host) === 'serving';
          if (isServing && !this.#options.isCoreLeaving()) this.#outside.signalled(host, signal, from);
        };
        setTimeout(tell, SIGNAL_NEWS_MS).unref();
      },
      died: (host, end) => this.#died(host, end),
      sender: () => this.#shard,
    };
  }

  #relieved(host: Host, nowMs: number): void {
    if (this.#shard === null) return;
    if (host.state !== 'ready') {
      this.#drained();
      return;
    }
    this.#options.calls.dispatchTo(this.#shard, nowMs);
    if (mayBeSpent(this.#spec.maxMessages, host.messages)) this.#options.recycling.spent(host, nowMs);
  }

  /** The host that {@link renew} has started serves, and the old one finishes what it holds. */
  #takeOver(): Host {
    const { host, found, before } = this.#succession.take();
    // They may have changed while it started.
    host.configure(this.#spec, this.#options.around());
    this.#upkeep.inherit(host, found);
    for (const old of before) old.stop();
    this.#options.calls.dispatch();
    return host;
  }

  /** A host that ends has answered calls: perhaps all, and then its conversations may go to other hosts. */
  #drained(): void {
    this.#handOver();
    this.#options.calls.dispatch();
  }

  #handOver(): void {
    const shard = this.#shard;
    if (!this.#isLeaving || shard === null || this.hosts.inFlight > 0) return;
    this.#shard = null;
    this.#options.calls.removeReplica(shard);
  }

  #died(host: Host, end: HostEnd): void {
    const { news, calls, quarantine, tally } = this.#options;
    news.flush();
    if (tally !== null) tally.totals.refusedHttp += host.refusedHttp;
    news.stats.totals.endedCpuSeconds += host.lastUsage?.cpuSeconds ?? 0;
    // First, because what waits may be handed over while the calls are settled.
    const kill = killOf(host, end);
    const withheld = kill && quarantine.add(kill);
    // A shadow gets the bodies of its primary, so it keeps none where that one keeps none.
    const scene = tally === null || tally.keepsBodies ? end.scene : { ...end.scene, crashBody: 'no' as const };
    const told = { ...end, scene, isQuarantined: withheld?.state === 'withheld' };
    calls.settle(this.#shard, told);
    const role = this.hosts.remove(host);
    if (role !== 'serving') this.#succession.died(host, told);
    else if (end.cause === 'stop' || !this.#mayGoBack) this.#upkeep.died(host, told);
    else this.#goBack(host, told);
    // The next start is a probe of the file that is there then.
    if (this.#upkeep.life.kind === 'failed') this.#succession.giveUpRenewal();
    this.#handOver();
    // Last, because the disk must not delay the next host. That one gets no call in this turn.
    if (withheld) news.quarantined(host, withheld);
    quarantine.save();
  }

  get #mayGoBack(): boolean {
    const { isOnProbation, isCoreLeaving } = this.#options;
    return isOnProbation() && !isCoreLeaving() && !this.#isLeaving;
  }

  #goBack(host: Host, end: HostEnd): void {
    const { keeps } = this;
    this.#options.goBack(keeps ? this.#upkeep.lost(end) : errorOfEnd(end).message);
    // One with the settings and the build of before is started.
    if (!keeps) this.#upkeep.died(host, end);
  }

  /** @returns `false` when it is too early: the host starts, or another one is about to take over */
  #replace(host: Host): boolean {
    const isServing = this.hosts.roleOf(host) === 'serving';
    if (!isServing || this.#upkeep.desired === 'down' || this.#options.isCoreLeaving()) return true;
    if (this.#upkeep.life.kind !== 'serving' || this.#succession.isPreparing) return false;
    if (this.#options.isOnProbation()) return false;
    this.#upkeep.renew();
    return true;
  }
}
