/** The replicas of one module: those that have a share of its calls, those that are about to join, and those that leave. */

import type { ModuleSpec } from '../../config/types.js';
import type { SupervisorError } from '../../errors.js';
import type { ChainMember } from '../calls/chain.js';
import type { Host, HostSurroundings } from '../host/host.js';
import type { Found } from '../trials/abi-search.js';
import { lifeOfAll } from './life-of-all.js';
import type { ModuleLife } from './module-lifecycle.js';
import type { Replica } from './replica.js';
import { describeRestarted } from './restarted-replicas.js';

/** Hosts whose replica is remembered, for the statuses of what they sent. */
const REMEMBERED_HOSTS = 4096;

/** Another state of the module. */
export interface Change {
  from: ModuleLife['kind'];
  to: ModuleLife['kind'];
}

/** Hosts that have taken over. */
export interface AdoptedReplicas {
  spec: ModuleSpec;
  /** The hosts that they have replaced, to be stopped. */
  before: Host[];
}

/** All replicas of a module; never empty. */
export class ReplicaSet {
  readonly #make: (index: number, spec: ModuleSpec) => Replica;
  /** By their index. */
  #joined: readonly Replica[] = [];
  #joining: readonly Replica[] = [];
  #leaving: readonly Replica[] = [];
  /** Those whose successors were started last, and by what. */
  #prepared: { spec: ModuleSpec; replicas: readonly Replica[] } | null = null;
  #told: ModuleLife['kind'] = 'stopped';
  #onGone: (() => void)[] = [];
  readonly #senders = new Map<number, Replica>();

  /** @param make makes one, which has no share yet */
  constructor(make: (index: number, spec: ModuleSpec) => Replica, spec: ModuleSpec) {
    this.#make = make;
    this.#fill(spec);
  }

  /** How many have a share of the calls. */
  get count(): number {
    return this.#joined.length;
  }

  /** Those that have a share of the calls, and are not told to leave. */
  get joined(): readonly Replica[] {
    return this.#joined;
  }

  get all(): Replica[] {
    return [...this.#joined, ...this.#joining, ...this.#leaving];
  }

  /** The hosts of all. */
  get hosts(): Host[] {
    return this.all.flatMap(({ hosts }) => hosts.all);
  }

  /** The first that serves, or is going to; `null`: there is none. */
  get firstHost(): Host | null {
    for (const { hosts } of this.#joined) if (hosts.first !== null) return hosts.first;
    return null;
  }

  /** The first that is ready; `null`: none is. */
  get readyHost(): Host | null {
    for (const { hosts } of this.#joined) if (hosts.first?.state === 'ready') return hosts.first;
    return null;
  }

  /** The number of the newest host; 0: there was none. */
  get generation(): number {
    return Math.max(...this.#joined.map(({ generation }) => generation));
  }

  /** Calls that hosts hold. */
  get inFlight(): number {
    return this.all.reduce((sum, { hosts }) => sum + hosts.inFlight, 0);
  }

  get desired(): 'up' | 'down' {
    return this.#joined.some(({ upkeep }) => upkeep.desired === 'up') ? 'up' : 'down';
  }

  /** The state of the module: that of the replica which is best off. */
  get life(): ModuleLife {
    return lifeOfAll(this.#joined.map(({ upkeep }) => upkeep.life));
  }

  /** What a ready host said; `null`: none was ever ready. */
  get found(): Found | null {
    for (const { upkeep } of this.#joined) if (upkeep.found !== null) return upkeep.found;
    return null;
  }

  /** What went wrong last; `null`: nothing. */
  get lastError(): SupervisorError | null {
    let last: Replica | null = null;
    for (const replica of this.#joined) {
      if (replica.upkeep.lastError && replica.upkeep.lastErrorMs >= (last?.upkeep.lastErrorMs ?? 0)) last = replica;
    }
    return last?.upkeep.lastError ?? null;
  }

  /** Whether a successor is being prepared. */
  get isPreparing(): boolean {
    return this.all.some(({ succession }) => succession.isPreparing);
  }

  /** Whether there are hosts that do not simply serve: they are about to, or another one has taken over from them. */
  get isChanging(): boolean {
    if (this.#joining.length > 0 || this.#leaving.length > 0) return true;
    return this.#joined.some(({ isSettled }) => !isSettled);
  }

  /** Whether all are stopped, and none of their processes is left. */
  get isGone(): boolean {
    return this.all.every(({ isGone }) => isGone);
  }

  /** Whether others than this one serve. */
  hasOthers(replica: Replica): boolean {
    return this.#joined.some((other) => other !== replica && other.isServing);
  }

  /** The change of the module's state since this was asked last; `null`: there was none. */
  takeChange(): Change | null {
    const from = this.#told;
    this.#told = this.life.kind;
    return from === this.#told ? null : { from, to: this.#told };
  }

  /** The replica of a host, for the status of what it sent; `null`: it is gone, or there is only one. */
  memberOf(generation: number): ChainMember | null {
    const replica = this.count === 1 ? undefined : this.#senders.get(generation);
    return replica?.shard ? replica.member : null;
  }

  /** Remembers whose host it is. */
  noteHost(replica: Replica, generation: number): void {
    this.#senders.set(generation, replica);
    for (const oldest of this.#senders.keys()) {
      if (this.#senders.size <= REMEMBERED_HOSTS) break;
      this.#senders.delete(oldest);
    }
  }

  // ---- what is ordered ----

  /** Starts all. @returns `null` when one is ready, or else why the first of them is not */
  async start(): Promise<SupervisorError | null> {
    const refusals = await Promise.all(this.#joined.map(({ upkeep }) => upkeep.start()));
    return refusals.includes(null) ? null : (refusals[0] ?? null);
  }

  /** One after the other. @returns why the first one was not ready again that was not */
  async restart(): Promise<SupervisorError | null> {
    const renewed: number[] = [];
    const left = new Set(this.#joined.map(({ index }) => index));
    for (const { upkeep, isLeaving, index } of this.#joined) {
      left.delete(index);
      // A stop that came while another one restarted holds.
      if (isLeaving || upkeep.desired !== 'up') continue;
      const refusal = await upkeep.restart();
      if (refusal !== null) return describeRestarted(refusal, { renewed, failed: index, left: [...left] });
      renewed.push(index);
    }
    return null;
  }

  /** Starts a successor for each replica that the spec wants. @returns as `Module.prepare` */
  prepare(spec: ModuleSpec): Promise<SupervisorError | null> {
    this.#makeJoining(spec);
    return this.#prepare(spec, [...this.#staying(spec.replicas, []), ...this.#joining]);
  }

  /** @see Module.grow */
  grow(spec: ModuleSpec): Promise<SupervisorError | null> {
    this.#makeJoining(spec);
    return this.#prepare(spec, this.#joining);
  }

  /** Why what was prepared cannot take over; `null`: it can. */
  get unprepared(): SupervisorError | null {
    for (const { succession } of this.#prepared?.replicas ?? []) if (succession.failure) return succession.failure;
    return null;
  }

  /**
   * What was prepared takes over, except in replicas that are yet to join. They join when they are configured.
   *
   * @param mayGoBack - whether hosts are kept for a probation
   */
  adopt(mayGoBack: boolean): AdoptedReplicas {
    const { spec, replicas } = this.#prepared ?? {};
    if (!spec || !replicas) throw new Error('no host is prepared');
    const joined = replicas.filter((replica) => !this.#joining.includes(replica));
    const keeps = mayGoBack && spec.probationMs !== null;
    return { spec, before: joined.flatMap((replica) => replica.adopt(keeps)) };
  }

  /** Whether hosts are kept that can take over again. */
  get keeps(): boolean {
    return this.#joined.some(({ keeps }) => keeps);
  }

  /**
   * The kept hosts take over again. {@link configure} follows, and then {@link restore}.
   *
   * @returns those that served until now, to be stopped; and the replicas that had no kept host
   */
  takeBack(spec: ModuleSpec): { after: Host[]; others: Replica[] } {
    const others = this.#joined.filter(({ keeps }) => !keeps);
    // They stay if there are more than the settings of before want.
    this.#prepared = { spec, replicas: this.#joined.filter(({ keeps }) => keeps) };
    return { after: this.#joined.flatMap((replica) => replica.takeBack()), others };
  }

  /** Gives these replicas hosts with the settings and the build of now, and those that have just been made. */
  restore(others: readonly Replica[]): void {
    for (const replica of this.#joined) {
      if (replica.upkeep.desired === 'down') void replica.upkeep.start();
      else if (others.includes(replica)) replica.upkeep.renew();
    }
  }

  /** How long a callback of those that serve may run. @param ms - `null`: as long as `hang` says */
  limitCallbacks(ms: number | null): void {
    for (const { hosts } of this.#joined) for (const host of hosts.in('serving')) host.limitCallbacks(ms);
  }

  /** Kept hosts are no longer needed. */
  dismiss(): void {
    for (const replica of this.all) replica.dismiss();
  }

  /** Takes settings that hosts need not know of. What was made to join joins, and what is too much leaves. */
  configure(spec: ModuleSpec, around: HostSurroundings): void {
    const joining = this.#joining;
    const prepared = this.#prepared?.replicas ?? [];
    this.#joining = [];
    this.#prepared = null;
    for (const replica of joining) {
      replica.adopt();
      this.#join(replica);
    }
    for (const replica of this.all) replica.configure(spec, around);
    this.#fill(spec);
    const staying = this.#staying(spec.replicas, prepared);
    const leaving = this.#joined.filter((replica) => !staying.includes(replica));
    this.#joined = staying;
    this.#leaving = [...this.#leaving, ...leaving];
    for (const replica of leaving) replica.leave();
    this.forgetGone();
  }

  /** Ends what was prepared, and waits until it is gone. */
  async abandon(): Promise<void> {
    const joining = this.#joining;
    this.#prepared = null;
    await Promise.all(this.all.map(({ succession }) => succession.abandon()));
    this.#joining = this.#joining.filter((replica) => !joining.includes(replica));
  }

  /** Waits until all hosts that were replaced, and all replicas that leave, are gone. */
  async handedOver(): Promise<void> {
    await Promise.all(this.#joined.map(({ succession }) => succession.handedOver()));
    if (this.#leaving.length > 0) await new Promise<void>((done) => this.#onGone.push(done));
  }

  /** Forgets replicas that have left. */
  forgetGone(): void {
    for (const replica of this.#leaving) if (replica.isGone) replica.close();
    this.#leaving = this.#leaving.filter(({ isGone }) => !isGone);
    if (this.#leaving.length === 0) for (const done of this.#onGone.splice(0)) done();
  }

  /** Ends what looks at hosts. */
  close(): void {
    for (const replica of this.all) replica.close();
  }

  /** Makes those that are missing, without a host; a module that is down has them until it is started. */
  #fill(spec: ModuleSpec): void {
    while (this.#joined.length < spec.replicas) this.#join(this.#make(this.#freeIndex(), spec));
  }

  /**
   * Those that stay when only so many are wanted. First those that have just taken over, then those that serve: a module must not
   * lose the only replica that works.
   */
  #staying(count: number, prepared: readonly Replica[]): Replica[] {
    const worth = (replica: Replica) => Number(prepared.includes(replica)) * 2 + Number(replica.isServing);
    const best = this.#joined.toSorted((a, b) => worth(b) - worth(a) || a.index - b.index).slice(0, count);
    return best.sort((a, b) => a.index - b.index);
  }

  #makeJoining(spec: ModuleSpec): void {
    while (this.#joined.length + this.#joining.length < spec.replicas) {
      this.#joining = [...this.#joining, this.#make(this.#freeIndex(), spec)];
    }
  }

  #join(replica: Replica): void {
    this.#joined = [...this.#joined, replica].sort((a, b) => a.index - b.index);
    replica.join();
  }

  /** The lowest that no replica has, also none that is leaving. */
  #freeIndex(): number {
    const taken = new Set(this.all.map(({ index }) => index));
    let index = 0;
    while (taken.has(index)) index += 1;
    return index;
  }

  async #prepare(spec: ModuleSpec, replicas: readonly Replica[]): Promise<SupervisorError | null> {
    this.#prepared = { spec, replicas };
    const refusals = await Promise.all(replicas.map((replica) => replica.prepare(spec)));
    return refusals.find((refusal) => refusal !== null) ?? null;
  }
}
