/** One configured module: what is ordered of it, offered to it, and asked about it. */

import { callbackLimit } from '../../config/probation.js';
import type { ModuleSpec } from '../../config/types.js';
import { formatAge, formatDuration } from '../../config/units.js';
import type { SupervisorError } from '../../errors.js';
import { type Filter, makeFilter } from '../../filter/filter.js';
import type { Quarantine } from '../../quarantine/quarantine.js';
import type { QuarantineTable } from '../../quarantine/table.js';
import type { CallEvent } from '../../wire/call-event.js';
import { type Callback, type CallKind, EVENT_KINDS } from '../../wire/event-kinds.js';
import type { Build } from '../builds/build.js';
import { ModuleBuilds } from '../builds/module-builds.js';
import type { BuildStore } from '../builds/store.js';
import type { ChainMember } from '../calls/chain.js';
import type { Conversation } from '../calls/conversation.js';
import type { AnswerTaker, Follower } from '../calls/pending-call.js';
import type { Host, HostSurroundings } from '../host/host.js';
import type { HostListener } from '../host/host-listener.js';
import { type ModuleEvents, ModuleNews } from '../news/module-news.js';
import { listWarnings } from '../news/module-warnings.js';
import type { SentOrigin } from '../news/sent-messages.js';
import type { ShadowTally } from '../shadows/shadow-tally.js';
import type { Watchers } from '../shadows/watchers.js';
import type { AbiMemory } from '../trials/abi-memory.js';
import type { ModuleCondition, ModuleFigures, ModuleStatus } from '../types.js';
import { type Lifetime, newLifetime, tallyOf } from './lifetime.js';
import { ModuleCalls, NOBODY } from './module-calls.js';
import { makeFigures } from './module-figures.js';
import { conditionOf, makeStatus, type StatusSources } from './module-status.js';
import { Probation, type ProbationEnd } from './probation.js';
import { Recycling } from './recycling.js';
import { Replica } from './replica.js';
import { ReplicaSet } from './replica-set.js';

/** What a module runs with beside its own settings. */
export interface ModuleSurroundings extends HostSurroundings {
  runId: string;
  abis: AbiMemory;
  builds: BuildStore;
  quarantine: Quarantine;
  queueBytes: number;
}

/** All that there is of one module; it outlives its hosts. */
export class Module implements ChainMember {
  /** Its shadows; `null`: it has none. */
  watchers: Watchers | null = null;
  /** What is counted of it as a shadow; `null`: it is in the chain. It stays what it is: another module takes its place. */
  readonly tally: ShadowTally | null;
  #spec: ModuleSpec;
  #around: ModuleSurroundings;
  #filter: Filter | null;
  readonly #news: ModuleNews;
  readonly #calls: ModuleCalls;
  readonly #quarantine: QuarantineTable;
  readonly #builds: ModuleBuilds;
  readonly #replicas: ReplicaSet;
  readonly #recycling: Recycling<Host>;
  #isReplacing = false;
  /** No replica is replaced by a build that is about to go. */
  #isRestarting = false;
  /** `null`: it is on none. */
  #probation: Probation | null = null;
  #takenBack: string | null = null;
  #failedBuild: string | null = null;
  /** Who stops the core may signal its hosts as well. */
  #isLeaving = false;
  #onStopped: (() => void)[] = [];

  constructor(spec: ModuleSpec, around: ModuleSurroundings, events: ModuleEvents, lifetime: Lifetime = newLifetime()) {
    const { generations, stats } = lifetime;
    this.tally = spec.shadowOf === null ? null : tallyOf(lifetime);
    this.#spec = spec;
    this.#around = around;
    this.#filter = makeFilter(spec.match);
    const module = spec.name;
    const { runId, builds: store, queueBytes } = around;
    const news = new ModuleNews({
      module,
      runId,
      logRate: spec.logRate,
      events,
      stats,
      tally: this.tally,
      undelivered: (params, sender) => {
        if (this.wants('on_message_status')) this.#calls.giveBack(params, this.#spec, sender);
      },
    });
    const quarantine = around.quarantine.of(module, spec);
    const calls = new ModuleCalls(spec, queueBytes, { news, quarantine });
    const builds = new ModuleBuilds({ module, store, warn: (text) => news.warn(null, text) });
    const recycling = new Recycling<Host>({
      settings: () => this.#spec,
      replicas: () => this.#replicas.joined,
      isBusy: () => this.#isRestarting || this.#replicas.isChanging,
      recycled: (host, by, wear) => news.recycled(host, by, wear),
      failed: (host, wear, error, retryMs) => news.notRecycled(host, wear, error, retryMs),
    });
    const shared = { news, calls, builds, quarantine, generations, recycling, tally: this.tally };
    this.#news = news;
    this.#calls = calls;
    this.#quarantine = quarantine;
    this.#builds = builds;
    this.#recycling = recycling;
    const make = (index: number, spec: ModuleSpec) =>
      new Replica(index, spec, {
        ...shared,
        around: () => this.#around,
        listen: (listener) => this.listen(listener),
        isCoreLeaving: () => this.#isLeaving,
        hasOthers: (replica) => this.#replicas.hasOthers(replica),
        isOnProbation: () => this.#probation !== null,
        goBack: (reason) => this.#goBack(reason),
        moved: (reason) => this.#moved(reason),
        madeHost: (replica, generation) => this.#replicas.noteHost(replica, generation),
        changed: () => this.#changed(),
      });
    this.#replicas = new ReplicaSet(make, spec);
  }

  get name(): string {
    return this.#spec.name;
  }

  /** The settings in use. */
  get spec(): ModuleSpec {
    return this.#spec;
  }

  get desired(): 'up' | 'down' {
    return this.#replicas.desired;
  }

  /** Identifies the file that its host loaded or failed to load; `null` when there was none. */
  get loadedFile(): string | null {
    return this.#builds.loadedFile;
  }

  /** Tells the build that its host loaded or failed to load from others; `null`: there was none. */
  get buildKey(): string | null {
    return this.#builds.currentKey;
  }

  /**
   * Tells the build that has failed on probation last; `null`: none has, or an order has been carried out since. Nothing but an
   * order starts it again.
   */
  get failedBuild(): string | null {
    return this.#failedBuild;
  }

  /** The builds that it may need again. */
  get builds(): Build[] {
    return this.#builds.inUse(this.#replicas.hosts);
  }

  // ---- what is ordered ----

  /** Starts the module; resolves when a replica is ready, or with the reason why their first starts failed. */
  start(): Promise<SupervisorError | null> {
    this.#recycling.giveUp();
    return this.#replicas.start();
  }

  /** Lets its hosts finish and ends them, then starts others, one replica after the other; resolves as {@link start} does. */
  async restart(): Promise<SupervisorError | null> {
    this.endProbation('the module was restarted');
    this.#takenBack = null;
    this.#failedBuild = null;
    this.#recycling.giveUp();
    this.#isRestarting = true;
    // Also while others serve: all of them are restarted, with the file that is there now.
    this.#builds.note({ kind: 'ordered' });
    try {
      const refusal = await this.#replicas.restart();
      const other = refusal === null ? null : this.#replicas.readyHost;
      // What does not start must not take the place of those that go on, when they crash.
      if (other !== null) this.#builds.goOnWith(other.file);
      return refusal;
    } finally {
      this.#isRestarting = false;
      this.#recycling.look();
    }
  }

  /** Stops the module and resolves when its hosts are gone. */
  stop(): Promise<void> {
    this.endProbation('the module was stopped');
    return new Promise((resolve) => {
      this.#onStopped.push(resolve);
      for (const replica of this.#replicas.all) replica.stop();
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
    for (const host of this.#replicas.hosts) host.kill();
  }

  /** Counts from 0, and forgets what went wrong; replicas that wait for their next start are started now, as by {@link start}. */
  reset(): Promise<SupervisorError | null> {
    this.#news.stats.reset();
    for (const { upkeep } of this.#replicas.all) upkeep.reset();
    return this.desired === 'up' ? this.start() : Promise.resolve(null);
  }

  /** Its settings are those of its name from now on. Before, another module may have had the name. */
  tookPlace(): void {
    this.#quarantine.configure(this.#spec);
  }

  /** Makes its sends fail from now on, because too much waits for servers; or lets them succeed again. */
  closeSends(areClosed: boolean): void {
    for (const host of this.#replicas.hosts) host.closeSends(areClosed);
  }

  /** Takes settings that its hosts need not know of. */
  configure(spec: ModuleSpec, around: ModuleSurroundings): void {
    // The configuration says again what is in use.
    if (spec !== this.#spec) this.#takenBack = null;
    this.#spec = spec;
    this.#around = around;
    this.#filter = makeFilter(spec.match);
    this.#calls.configure(spec, around.queueBytes);
    this.#news.limitTo(spec.logRate);
    this.#quarantine.configure(spec);
    this.#replicas.configure(spec, around);
    this.#calls.dispatch();
    this.#recycling.look();
  }

  /**
   * Starts hosts by another spec beside those that serve, one for each replica. They wait to be adopted. If one dies meanwhile,
   * they can no longer be.
   *
   * @returns why they cannot take over, when all are ready or have failed
   */
  async prepare(spec: ModuleSpec): Promise<SupervisorError | null> {
    this.#recycling.giveUp();
    this.endProbation('another reload began');
    const prepared = this.#replicas.prepare(spec);
    // Only now: one that fails at once says that nothing is prepared, while others are yet to begin.
    this.#tellReplacing(this.#replicas.isPreparing);
    return prepared;
  }

  /**
   * Starts the replicas that another spec has more than this one. They wait for {@link configure}.
   *
   * @returns why there are none, when all are ready or have failed; `null` also when it needs no more
   */
  grow(spec: ModuleSpec): Promise<SupervisorError | null> {
    return this.desired === 'up' ? this.#replicas.grow(spec) : Promise.resolve(null);
  }

  /** Why the prepared hosts cannot take over; `null`: they can take over now. */
  get unprepared(): SupervisorError | null {
    return this.#replicas.unprepared;
  }

  /**
   * The prepared hosts take over. The old ones finish what they hold before anything else of their share begins.
   *
   * @param mayGoBack - `false`: without probation, as another module takes over at the same time
   */
  adopt(around: ModuleSurroundings, mayGoBack = true): void {
    const former = this.#spec;
    const { spec, before } = this.#replicas.adopt(mayGoBack);
    this.#takenBack = null;
    this.#failedBuild = null;
    const ms = mayGoBack && this.#replicas.keeps ? spec.probationMs : null;
    if (ms === null) this.#tellReplacing(false);
    else this.#probation = new Probation(former, ms, () => this.#passed());
    this.configure(spec, around);
    for (const old of before) old.stop();
    if (ms !== null) {
      this.#replicas.limitCallbacks(callbackLimit(spec));
      const forLong = formatDuration(ms);
      this.#news.info(
        `on probation for ${forLong}: the process before the new one is kept, to take over again if that fails`,
      );
    }
  }

  /** What has killed the build that this module runs is withheld from it in another module as well, which is about to run it. */
  shareQuarantineWith(other: Module): void {
    const { buildKey } = this;
    if (buildKey === null) return;
    other.#quarantine.take(this.#quarantine.ofBuild(buildKey));
    other.#quarantine.save();
  }

  /** How the probation ends that the last reload began; `null`: it began none. */
  get probation(): Promise<ProbationEnd> | null {
    return this.#probation?.ended ?? null;
  }

  /** The new hosts go on, and those before them end, before the time is over. @param why - in words */
  endProbation(why: string): void {
    if (this.#probation === null) return;
    const { ageMs: afterMs } = this.#probation;
    this.#endProbation({ kind: 'ended', why, afterMs });
    this.#news.info(`the probation ended early, after ${formatAge(afterMs)}, because ${why}`);
  }

  /** Waits until all hosts that were replaced, or are no longer wanted, are gone. */
  handedOver(): Promise<void> {
    return this.#replicas.handedOver();
  }

  /** Ends what was prepared, and waits until it is gone. */
  async abandon(): Promise<void> {
    await this.#replicas.abandon();
    this.#recycling.look();
  }

  // ---- what is offered, and asked ----

  /** Whether the module has the callback; one that was never ready is asked for everything. */
  wants(callback: Callback): boolean {
    const { found } = this.#replicas;
    return found === null || (found.ready.callbacks ?? []).includes(callback);
  }

  /** Whether an event is for the module by its `match`; a message that is not is counted. */
  admits(event: CallEvent, conversation: Conversation): boolean {
    if (this.#filter === null || this.#filter.admits(event, conversation)) return true;
    if (event.kind === 'message') this.#news.stats.totals.filtered += 1;
    return false;
  }

  /** Whether events of this kind need to come in for the module. Statuses of what it sends always do. */
  needs(kind: CallKind): boolean {
    const { callback } = EVENT_KINDS[kind];
    return this.wants(callback) && (kind === 'status' || this.#filter === null || this.#filter.mayTake(kind));
  }

  /** Offers one call; the answer comes within the deadline, and is a default verdict if the module has none. */
  offer(event: CallEvent, deadlineMs: number, nowMs: number, conversation: Conversation, taker: AnswerTaker): void {
    const home = this.#calls.offer(event, deadlineMs, nowMs, conversation, taker);
    if (this.#replicas.count === 1 || !isBroadcast(event, this.#spec)) return;
    for (const { shard, index } of this.#replicas.joined) {
      if (shard === null || shard === home) continue;
      // A line of its own, so that no verdict waits for another replica.
      this.#calls.offer(event, deadlineMs, nowMs, conversation.apart(index), NOBODY, shard, true);
    }
  }

  follow(conversation: Conversation, follower: Follower): boolean {
    return this.#calls.follow(conversation, follower);
  }

  /**
   * Who gets the status of a message that a host of this module sent: the replica of that host. It is the same object each time.
   *
   * Of a host that is no longer known, or was started by an earlier core, it is any replica.
   */
  senderOf({ runId, generation }: Pick<SentOrigin, 'runId' | 'generation'>): ChainMember {
    return (runId === this.#around.runId ? this.#replicas.memberOf(generation) : null) ?? this;
  }

  /** What there is to know of what serves, a line each. */
  get warnings(): string[] {
    return listWarnings([{ name: this.#spec.name, warnings: this.#replicas.found?.ready.warnings ?? [] }]);
  }

  /** Everything `status` shows. */
  status(): ModuleStatus {
    return makeStatus(this.#sources);
  }

  /** Its state in short. */
  condition(): ModuleCondition {
    return conditionOf(this.#sources);
  }

  /** Reads what its processes use now. */
  lookAtHosts(): void {
    for (const host of this.#replicas.hosts) host.look();
  }

  /** Http requests that were refused to it because it is a shadow. Those of hosts that have ended are in its tally. */
  get refusedHttp(): number {
    return this.#replicas.hosts.reduce((sum, { refusedHttp }) => sum + refusedHttp, 0);
  }

  /** Everything that metrics are made of. What its processes use is as it was when they were looked at last. */
  figures(): ModuleFigures {
    return makeFigures({ ...this.#sources, tally: this.tally, refusedHttp: this.refusedHttp });
  }

  get #sources(): StatusSources {
    return {
      spec: this.#spec,
      isReplacing: this.#isReplacing,
      probationUntilMs: this.#probation?.untilMs ?? null,
      takenBack: this.#takenBack,
      replicas: this.#replicas,
      builds: this.#builds,
      stats: this.#news.stats,
      queued: this.#calls.waiting,
      quarantined: this.#quarantine.count(this.buildKey),
    };
  }

  /** Puts something between the module and its hosts, to listen. */
  protected listen(listener: HostListener<Host>): HostListener<Host> {
    return listener;
  }

  // ---- what replicas tell ----

  #moved(reason: string | null): void {
    const change = this.#replicas.takeChange();
    if (change !== null) this.#news.state(change.from, change.to, reason);
  }

  #passed(): void {
    const { probationMs } = this.#spec;
    this.#endProbation({ kind: 'passed' });
    this.#news.info(`the new process has held for ${formatDuration(probationMs ?? 0)}; the one before it ends`);
  }

  #endProbation(end: ProbationEnd): void {
    const probation = this.#probation;
    if (probation === null) return;
    this.#probation = null;
    this.#replicas.limitCallbacks(null);
    this.#replicas.dismiss();
    this.#tellReplacing(this.#replicas.isPreparing);
    probation.end(end);
  }

  /** Everything is as before the reload: hosts, build and settings. */
  #goBack(reason: string): void {
    const probation = this.#probation;
    if (probation === null) return;
    this.#probation = null;
    this.#failedBuild = this.buildKey;
    const { after, others } = this.#replicas.takeBack(probation.before);
    this.configure(probation.before, this.#around);
    this.#takenBack = reason;
    this.#replicas.restore(others);
    for (const host of after) host.stop();
    this.#tellReplacing(false);
    this.#news.wentBack(reason, probation.before);
    probation.end({ kind: 'went-back', reason });
  }

  /** A successor can no longer take over, or a host is gone. */
  #changed(): void {
    if (this.#probation !== null && !this.#replicas.keeps)
      this.endProbation('the process before it can no longer take over');
    if (!this.#replicas.isPreparing && this.#probation === null) this.#tellReplacing(false);
    this.#replicas.forgetGone();
    this.#calls.dispatch();
    // Calls that a host gave back, when no other host will come.
    this.#calls.bypass();
    this.#recycling.look();
    this.#checkStopped();
  }

  #checkStopped(): void {
    if (!this.#replicas.isGone) return;
    this.#replicas.close();
    this.#recycling.close();
    this.#news.flush();
    for (const done of this.#onStopped.splice(0)) done();
  }

  /** A state that is only shown; the lifecycle of the module does not know it. */
  #tellReplacing(isReplacing: boolean): void {
    if (this.#isReplacing === isReplacing) return;
    this.#isReplacing = isReplacing;
    if (this.#replicas.life.kind !== 'serving') return;
    const [from, to] = isReplacing ? (['serving', 'replacing'] as const) : (['replacing', 'serving'] as const);
    this.#news.state(from, to, null);
  }
}

function isBroadcast({ kind }: CallEvent, { broadcast }: ModuleSpec): boolean {
  return (kind === 'login' && broadcast.includes('login')) || (kind.startsWith('call') && broadcast.includes('call'));
}
