/** Messages of modules, from when they are sent until a server has taken them. */

import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { CoreConfig } from '../config/types.js';
import { IllegalStateError, SupervisorError } from '../errors.js';
import { moduleOfSentId } from '../supervisor/news/sent-messages.js';
import type { Origin, SendKeeper, SentMessage, ServerAway } from '../supervisor/types.js';
import type { WireParams } from '../wire/params.js';
import { ChainStage } from './chain-stage.js';
import { SendCounts } from './counts.js';
import { ExpiryTimer } from './expiry-timer.js';
import { FullNews } from './full-news.js';
import { inSlices } from './in-slices.js';
import { KeptStatus, KeptStatuses } from './kept-statuses.js';
import { KeyMaker } from './key-maker.js';
import { LimitedNews } from './limited-news.js';
import { Dispatch } from './queue/dispatch.js';
import { Entry } from './queue/entry.js';
import { Fullness } from './queue/fullness.js';
import { ServerShares } from './queue/server-shares.js';
import { StatusesDue } from './statuses-due.js';
import type { Content } from './store/content.js';
import { SendStore } from './store/store.js';
import { Takings } from './takings.js';
import type {
  Attachment,
  ModuleSends,
  SendCounters,
  SendSource,
  SendsSupervisor,
  SendTaker,
  StatusOfSend,
} from './types.js';

/** What can be set. */
export type SendSettings = Pick<CoreConfig, 'sendQueue' | 'sendBytes' | 'sendTtlMs'> & {
  modules: readonly { name: string; chainSends: boolean }[];
};

/** What it needs. */
export interface SendsOptions {
  say(level: 'info' | 'warn', text: string): void;
  /** The clock of `performance.now()`. */
  now?(): number;
  /** Milliseconds since the epoch. */
  wallNow?(): number;
}

/** The folder of the store, in the state directory. */
export const SENDS_FOLDER = 'sends';
/** The status of a message that was not delivered. */
const NOT_DELIVERED = 0x80;

/** How many absent servers a status names. */
const MAX_AWAY = 10;

/** Keeps what modules send, and gives it to those who take it. It lives longer than its supervisor. */
export class Sends implements SendKeeper, SendSource {
  readonly #options: Required<SendsOptions>;
  #settings: SendSettings;
  /** The modules with `chain_sends = yes`. */
  #chaining: ReadonlySet<string>;
  readonly #all = new Map<string, Entry>();
  readonly #dispatch = new Dispatch();
  readonly #fullness: Fullness;
  readonly #fullNews: FullNews;
  /** Messages that wait for servers, without those that only wait for their status. */
  readonly #shares: ServerShares;
  readonly #onRoom: (() => void)[] = [];
  readonly #chain: ChainStage;
  readonly #statuses: StatusesDue<Entry | KeptStatus>;
  readonly #keptStatuses = new KeptStatuses();
  readonly #expiry: ExpiryTimer;
  /** Wakes when a server may be stuck. */
  readonly #stuck: ExpiryTimer;
  readonly #expiredNews: LimitedNews;
  readonly #keys: KeyMaker;
  readonly #takings: Takings;
  readonly #counts = new SendCounts();
  #supervisor: SendsSupervisor | null = null;
  #store: SendStore | null = null;
  /** Messages that came before the messages of an earlier core were read; `null`: those have been read. */
  #held: Entry[] | null = [];
  /** Resolves when what an earlier core left has been taken. */
  #loading: Promise<void> = Promise.resolve();
  #isTurnPlanned = false;
  #isClosed = false;

  constructor(settings: SendSettings, options: SendsOptions) {
    const { now = () => performance.now(), wallNow = () => Date.now() } = options;
    this.#options = { say: (level, text) => options.say(level, text), now, wallNow };
    this.#keys = new KeyMaker(wallNow);
    this.#settings = settings;
    this.#chaining = chainingOf(settings);
    this.#fullness = new Fullness({ messages: settings.sendQueue, bytes: settings.sendBytes });
    this.#shares = new ServerShares(this.#fullness);
    this.#fullNews = new FullNews({ fullness: this.#fullness, now, say: this.#options.say });
    this.#chain = new ChainStage({
      supervisor: () => this.#supervisor,
      say: this.#options.say,
      consumed: (entry) => this.#consumed(entry),
      changed: (entry, bytesBefore) => this.#changed(entry, bytesBefore),
      through: (entry) => this.#admit(entry),
      wake: () => this.#planTurn(),
    });
    this.#takings = new Takings({
      dispatch: this.#dispatch,
      now,
      nameKnown: () => this.#store?.namesChanged(),
      given: (send) => this.#supervisor?.recallSent?.(send.sentId, send.params),
      delivered: (entry) => this.#delivered(entry),
      refused: (entry, server) => this.#refused(entry, server),
      leftMs: ({ sinceMs }) => sinceMs + this.#settings.sendTtlMs - now(),
      expired: (entry) => this.#expired(entry),
      wake: () => this.#planTurn(),
    });
    this.#statuses = new StatusesDue({
      supervisor: () => this.#supervisor,
      done: (due) => (due instanceof KeptStatus ? this.#keptStatuses.release(due) : this.#forget(due)),
    });
    this.#expiry = new ExpiryTimer(() => this.#planTurn());
    this.#stuck = new ExpiryTimer(() => this.#planTurn());
    this.#expiredNews = new LimitedNews((text) => this.#options.say('warn', text));
  }

  // ---- its life ----

  /**
   * Reads what an earlier core left, which then waits again. Never rejects: what is wrong is said by {@link problems}.
   *
   * @param stateDir `null`: what waits does not outlive the core
   */
  async open(stateDir: string | null): Promise<void> {
    if (stateDir !== null) {
      const moment = () => ({ wallMs: this.#options.wallNow(), nowMs: this.#options.now() });
      this.#store = new SendStore({
        folder: join(stateDir, SENDS_FOLDER),
        moment,
        say: this.#options.say,
        loaded: (content, progress) => {
          this.#loading = this.#load(content, progress);
          return this.#loading;
        },
        all: () => this.#all.values(),
        names: () => this.#dispatch.known,
      });
      if (this.#takings.size > 0) this.#store.namesChanged();
      for (const entry of this.#held ?? []) this.#store.put(entry);
      await this.#store.open();
      // On a slow disk it may not have finished.
      await this.#loading;
    }
    this.#begin();
  }

  /** Takes the supervisor that statuses and `chain_sends` go to; `null`: there is none any more. */
  use(supervisor: SendsSupervisor | null): void {
    this.#supervisor = supervisor;
    this.#planTurn();
  }

  /** Takes other settings. */
  configure(settings: SendSettings): void {
    this.#settings = settings;
    this.#chaining = chainingOf(settings);
    this.#fullness.limitTo({ messages: settings.sendQueue, bytes: settings.sendBytes });
    this.#planTurn();
  }

  /** Writes what is not written yet; nothing is delivered any more. Never rejects. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#expiry.close();
    this.#stuck.close();
    this.#chain.close();
    this.#statuses.close();
    this.#expiredNews.close();
    await this.#store?.close();
  }

  // ---- as a keeper ----

  keep(sent: SentMessage, params: WireParams): void {
    const { sentId, module, cause, payload } = sent;
    if (this.#all.has(sentId)) return;
    const server = this.#serverFor(cause);
    const isChained = !this.#chaining.has(module);
    const fields = { sentId, module, cause, server, isChained, key: this.#keys.next(), sinceMs: this.#options.now() };
    const entry = Entry.of(fields, params, payload);
    this.#all.set(sentId, entry);
    this.#store?.put(entry);
    this.#shares.add(entry);
    if (this.#fullness.add(module, entry.bytes)) this.#fullNews.changed(module);
    if (this.#held !== null) this.#held.push(entry);
    else this.#route(entry);
  }

  /** The server that something is for; `null`: any. */
  #serverFor(cause: Origin | null): string | null {
    return cause !== null && this.#dispatch.isKnown(cause.server) ? cause.server : null;
  }

  settled(): Promise<unknown> | null {
    return this.#store?.settled() ?? null;
  }

  /** Without a state directory nothing is meant to outlive the core. */
  async isSafe(): Promise<boolean> {
    return (await this.#store?.isSafe()) ?? true;
  }

  isFull(module: string): boolean {
    return this.#fullness.isFull(module);
  }

  onFull(told: (module: string, isFull: boolean) => void): void {
    this.#fullNews.onFull(told);
  }

  // ---- as a source ----

  /** @throws {IllegalStateError} `SERVER_NAME_TAKEN` */
  attach(taker: SendTaker): Attachment {
    return this.#takings.attach(taker);
  }

  remember(server: string): Promise<void> | null {
    if (!this.#dispatch.isKnown(server)) {
      this.#dispatch.know(server);
      this.#store?.namesChanged();
    }
    return this.#store?.namesSettled() ?? null;
  }

  allowanceOf(server: string): number {
    return this.#shares.allowanceOf(server);
  }

  onRoom(told: () => void): void {
    this.#onRoom.push(told);
  }

  async status(status: StatusOfSend): Promise<void> {
    const { sentId, params, server } = status;
    const module = moduleOfSentId(sentId) ?? '';
    // Those of a module keep their order.
    if (!this.#statuses.has(module)) {
      if (this.#supervisor === null) throw new IllegalStateError('ILLEGAL_STATE', 'no module takes statuses now');
      const origin = { server, eventId: null, hops: 0 };
      if (await this.#supervisor.tellSender(params, status.status, { sentId, origin })) return;
    }
    const kept = new KeptStatus(module, status);
    if (!this.#keptStatuses.take(kept)) throw notKept(module);
    this.#statuses.add(kept);
    this.#planTurn();
  }

  // ---- for a status of the core ----

  /** What is wrong, in sentences. */
  problems(): string[] {
    return this.#store?.problems() ?? [];
  }

  counters(): SendCounters {
    const { unacknowledged } = this.#takings;
    const { messages: waiting, bytes } = this.#fullness;
    return { waiting, bytes, unacknowledged, ...this.#counts.all };
  }

  /** Servers that messages wait for and that take none now, at most ten. */
  away(): ServerAway[] {
    return this.#dispatch.away().slice(0, MAX_AWAY);
  }

  /** What waits of a module, and what became of the rest. */
  ofModule(module: string): ModuleSends {
    const { refused: refusedByServer, ...ends } = this.#counts.of(module);
    return { waiting: this.#fullness.messagesOf(module), ...ends, refusedByServer };
  }

  // ---- the way of an entry ----

  /** Nothing is delivered meanwhile: new messages are held. Loaded messages come before them, even if loading was late. */
  async #load({ entries, names }: Content, progress: () => void): Promise<void> {
    for (const name of names) this.#dispatch.know(name);
    const isLate = this.#held === null;
    if (isLate) this.#bindAll();
    this.#held ??= [];
    if (isLate) for (const [i, entry] of entries.entries()) entry.place = i - entries.length;
    await inSlices(entries, (entry) => this.#loaded(entry, isLate), progress);
    if (isLate) this.#begin();
  }

  /** @param isLate - it may have been found elsewhere meanwhile, and a server may have it */
  #loaded(entry: Entry, isLate: boolean): void {
    this.#keys.skip(entry.key);
    const known = this.#all.get(entry.sentId);
    if (known && isLate) {
      this.#store?.remove(entry);
      return;
    }
    // It was also found in a black box; the store knows its state.
    if (known) this.#forget(known);
    this.#all.set(entry.sentId, entry);
    // A server for which something waited was known.
    if (entry.server !== null) this.#dispatch.know(entry.server);
    if (this.#fullness.add(entry.module, entry.bytes)) this.#fullNews.changed(entry.module);
    if (entry.dueStatus === null) {
      this.#shares.add(entry);
      this.#route(entry);
    } else this.#statuses.add(entry);
  }

  #begin(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const entry of held) {
      if (this.#all.get(entry.sentId) !== entry) continue;
      this.#bind(entry);
      this.#route(entry);
    }
    this.#planTurn();
  }

  /**
   * The servers that an earlier core knew are known only now. A message that another server has goes to its own server if it
   * comes back.
   */
  #bindAll(): void {
    for (const entry of this.#all.values()) if (entry.dueStatus === null) this.#bind(entry);
    this.#dispatch.regroup();
  }

  /** When it came, it was not known which servers an earlier core knew. */
  #bind(entry: Entry): void {
    if (entry.server !== null) return;
    entry.server = this.#serverFor(entry.cause);
    if (entry.server === null) return;
    this.#shares.add(entry);
    this.#store?.put(entry);
  }

  /** To the chain or to the servers. Later messages of its module go the same way. */
  #route(entry: Entry): void {
    if (!entry.isChained || this.#chain.has(entry.module)) this.#chain.add(entry);
    else this.#admit(entry);
    this.#planTurn();
  }

  #admit(entry: Entry): void {
    this.#dispatch.add(entry);
    this.#planTurn();
  }

  #consumed(entry: Entry): void {
    this.#counts.count(entry.module, 'consumed');
    this.#forget(entry);
  }

  #changed(entry: Entry, bytesBefore: number): void {
    this.#fullness.resize(entry.module, entry.bytes - bytesBefore);
    this.#shares.resize(entry, entry.bytes - bytesBefore);
    // Also that it is not to go there again.
    this.#store?.put(entry);
  }

  #delivered(entry: Entry): void {
    this.#counts.count(entry.module, 'delivered');
    this.#forget(entry);
  }

  /** What its module sends because of this is for the server that refused it. */
  #refused(entry: Entry, server: string): void {
    this.#counts.count(entry.module, 'refused');
    this.#notDelivered(entry, server);
  }

  #expire(): void {
    const beforeMs = this.#options.now() - this.#settings.sendTtlMs;
    const expired = [...this.#chain.expire(beforeMs), ...this.#dispatch.expire(beforeMs)];
    for (const entry of expired) this.#expired(entry);
  }

  #expired(entry: Entry): void {
    this.#counts.count(entry.module, 'expired');
    this.#expiredNews.add(entry.module);
    this.#notDelivered(entry);
  }

  /** No server gets it any more, not even after a restart of the core. */
  #notDelivered(entry: Entry, server: string | null = null): void {
    this.#shares.remove(entry);
    entry.server ??= server;
    entry.dueStatus = NOT_DELIVERED;
    this.#store?.put(entry);
    this.#statuses.add(entry);
  }

  #forget(entry: Entry): void {
    if (this.#all.get(entry.sentId) !== entry) return;
    this.#all.delete(entry.sentId);
    this.#store?.remove(entry);
    if (entry.dueStatus === null) this.#shares.remove(entry);
    this.#fullness.remove(entry.module, entry.bytes);
    this.#planTurn();
  }

  // ---- turns ----

  /** Once, after the present work: so nobody is called within his own call, and much is done together. */
  #planTurn(): void {
    if (this.#isTurnPlanned || this.#isClosed || this.#held !== null) return;
    this.#isTurnPlanned = true;
    setImmediate(() => {
      this.#isTurnPlanned = false;
      if (!this.#isClosed && this.#held === null) this.#turn();
    });
  }

  #turn(): void {
    this.#expire();
    this.#chain.work();
    this.#statuses.work();
    const nowMs = this.#options.now();
    this.#dispatch.moveHomes(nowMs);
    this.#takings.give(nowMs);
    const stuckMs = this.#dispatch.moveHomes(nowMs);
    this.#stuck.set(stuckMs === null ? null : stuckMs - nowMs);
    for (const module of this.#fullness.review()) this.#fullNews.changed(module);
    for (const tell of this.#onRoom) tell();
    const oldestMs = this.#oldestMs();
    this.#expiry.set(oldestMs === null ? null : oldestMs + this.#settings.sendTtlMs - this.#options.now());
  }

  #oldestMs(): number | null {
    const [a, b] = [this.#dispatch.oldestMs(), this.#chain.oldestMs()];
    return a === null || b === null ? (a ?? b) : Math.min(a, b);
  }
}

function notKept(module: string): SupervisorError {
  const what = `module ${module} cannot take a status now, and too many already wait for it; this one is dropped`;
  return new SupervisorError('STATUS_NOT_KEPT', what, { module, remedy: 'see why the module is down or slow' });
}

function chainingOf({ modules }: SendSettings): ReadonlySet<string> {
  return new Set(modules.filter(({ chainSends }) => chainSends).map(({ name }) => name));
}
