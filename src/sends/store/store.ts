/** Waiting messages on disk, so that they outlive the core. A failing disk stops nothing. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { counted } from '../../counted.js';
import { makeFolders } from '../../directories.js';
import { within } from '../../within.js';
import { inSlices } from '../in-slices.js';
import type { Entry } from '../queue/entry.js';
import { type Content, FORMAT_KEY } from './content.js';
import { encodeEntry, formatKey, type Moment, STORE_FORMAT } from './entry-codec.js';
import { findStore, isDamage } from './found.js';
import { type Level, LevelError, type LevelWrite, openLevel } from './level.js';
import { Losses } from './losses.js';
import { encodeNames, NAMES_KEY } from './names-codec.js';
import { OwnDescriptors } from './own-descriptors.js';
import { PendingWrites } from './pending-writes.js';
import { putAside, type Unfitness } from './put-aside.js';
import { describeLoss, describeTrouble } from './trouble.js';

const BATCH = { writes: 4096, bytes: 4 * 1024 * 1024 };
/** Nobody waits longer than this for a disk that does not answer. */
const SLOW_MS = 2000;
/** When an unusable store is tried again; then after twice as long each time. */
const RETRY_MS = { first: 500, most: 10_000 };
/** How long a close waits for the last writes. */
const CLOSE_MS = 5000;
const SLOW = 'the disk does not answer';

/** What a store asks of those who use it. */
export interface StoreOptions {
  /** Made when the first entry or name comes. */
  folder: string;
  moment(): Moment;
  say(level: 'info' | 'warn', text: string): void;
  /**
   * Takes its content, in order: before {@link SendStore.open} resolves, or later if it cannot be read by then. Calls
   * `progress` as it goes on. Never rejects.
   */
  loaded(content: Content, progress: () => void): Promise<void>;
  /** Everything that must be in a new store that replaces another. */
  all(): Iterable<Entry>;
  /** The servers that the next core is to know; {@link SendStore.namesChanged} reports changes. */
  names(): Iterable<string>;
}

/** The store of one core. */
export class SendStore {
  readonly #options: StoreOptions;
  readonly #writes = new PendingWrites(BATCH);
  readonly #descriptors: OwnDescriptors;
  readonly #losses = new Losses(existsSync);
  #level: Level | null = null;
  /** What was in it has been read. */
  #isRead = false;
  /** The next batch says which form the store has. */
  #isFresh = true;
  /** It has replaced another store, and nothing has been written to it yet. */
  #isUnproven = false;
  #areNamesDue = false;
  /** They are in the store as they are now. */
  #areNamesStored = true;
  /** Told when they are, or will not be soon. */
  #namesWaiters: (() => void)[] = [];
  #state: 'new' | 'open' | 'closing' | 'closed' = 'new';
  #working: Promise<void> | null = null;
  #trouble: string | null = null;
  #isSlow = false;
  #endOpening: () => void = () => undefined;
  #retryMs = RETRY_MS.first;
  #retry: NodeJS.Timeout | undefined;

  constructor(options: StoreOptions) {
    this.#options = options;
    this.#descriptors = new OwnDescriptors(options.folder);
  }

  /** Reads what is there. Resolves when that is done, or cannot be done now; never rejects. */
  async open(): Promise<void> {
    this.#state = 'open';
    // What is written after that is not waited for: there may always be more.
    const isDone = new Promise<void>((resolve) => {
      this.#endOpening = resolve;
    });
    if (existsSync(this.#options.folder)) await Promise.race([this.#work(), isDone]);
    else if (this.#hasWork) void this.#work();
  }

  put(entry: Entry): void {
    if (this.#state === 'closed') return;
    this.#writes.put(entry);
    this.#wake();
  }

  remove(entry: Entry): void {
    if (this.#state === 'closed') return;
    this.#writes.remove(entry.key);
    if (!this.#writes.isEmpty) this.#wake();
  }

  /** A server is known that was not. */
  namesChanged(): void {
    if (this.#state === 'closed') return;
    this.#areNamesDue = true;
    this.#areNamesStored = false;
    this.#wake();
  }

  /** Resolves when the next core will know all names, or when that cannot be written now. `null`: it is so now. */
  namesSettled(): Promise<void> | null {
    if (this.#areNamesStored || this.#isGivenUp) return null;
    return new Promise((resolve) => this.#namesWaiters.push(resolve));
  }

  /** As `SendKeeper.settled`; what cannot be written now is not waited for. */
  settled(): Promise<unknown> | null {
    return this.#isGivenUp ? null : this.#writes.settled();
  }

  /** As `SendKeeper.isSafe`. */
  async isSafe(): Promise<boolean> {
    if (this.#writes.puts === 0) return true;
    return !this.#isGivenUp && ((await this.#writes.settled()) ?? true);
  }

  get #isGivenUp(): boolean {
    return this.#trouble !== null || this.#isSlow || this.#state === 'closed';
  }

  /** What is wrong, in sentences. */
  problems(): string[] {
    const { folder, moment } = this.#options;
    const trouble = this.#trouble ?? (this.#isSlow ? SLOW : null);
    const losses = this.#losses.problems(moment().nowMs);
    return trouble === null ? losses : [describeTrouble(folder, trouble), ...losses];
  }

  /** Writes what waits to be written. Never rejects. */
  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    this.#state = 'closing';
    clearTimeout(this.#retry);
    await within(CLOSE_MS, this.#finish(), undefined);
    this.#state = 'closed';
    const lost = this.#writes.puts;
    if (lost > 0) {
      const what = `${counted(lost, 'message')} that modules sent and no server has taken`;
      const why = this.#trouble ?? SLOW;
      this.#options.say(
        'warn',
        `${what} cannot be written to ${this.#options.folder} (${why}), and are lost when this core ends, unless a black box still holds them`,
      );
    }
    this.#giveUpWaiting();
  }

  async #finish(): Promise<void> {
    // The write in progress may fail; then there is one more attempt.
    await this.#working;
    if (this.#hasWork) await this.#work();
    await this.#level?.close();
    this.#level = null;
  }

  get #hasWork(): boolean {
    return this.#areNamesDue || !this.#writes.isEmpty;
  }

  #wake(): void {
    if (this.#state !== 'open' || this.#working !== null || this.#retry !== undefined) return;
    // At the end of the turn, with what comes in it.
    queueMicrotask(() => void this.#work());
  }

  /** One at a time. */
  #work(): Promise<void> {
    this.#working ??= this.#writeAll().finally(() => {
      this.#working = null;
      if (this.#hasWork) this.#wake();
    });
    return this.#working;
  }

  async #writeAll(): Promise<void> {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    try {
      do {
        this.#level ??= await this.#watched((progress) => this.#open(progress));
        this.#endOpening();
        await this.#writeBatch(this.#level);
      } while (this.#hasWork && this.#state !== 'closed');
      this.#works();
    } catch (error) {
      await this.#fails(error as Error);
    }
  }

  async #writeBatch(level: Level): Promise<void> {
    if (!this.#hasWork) return;
    const { folder } = this.#options;
    // Somebody may have removed the folder; then what is written there would be lost.
    if (!existsSync(join(folder, 'CURRENT'))) throw new LevelError(`${folder} was removed`, { isDamage: true });
    const moment = this.#options.moment();
    const batch = this.#writes
      .next()
      .map<LevelWrite>(({ key, wanted }) => [formatKey(key), wanted && encodeEntry(wanted, moment)]);
    if (this.#areNamesDue || this.#isFresh) batch.unshift([NAMES_KEY, encodeNames(this.#options.names())]);
    if (this.#isFresh) batch.unshift([FORMAT_KEY, Buffer.from(JSON.stringify({ format: STORE_FORMAT }))]);
    this.#areNamesDue = false;
    try {
      await this.#watched(() => level.write(batch));
    } catch (error) {
      this.#areNamesDue = true;
      this.#writes.failed();
      throw error;
    }
    if (!this.#areNamesDue) {
      this.#areNamesStored = true;
      this.#letNamesGo();
    }
    this.#isFresh = false;
    this.#isUnproven = false;
    this.#writes.written();
    this.#descriptors.keep();
  }

  #works(): void {
    this.#retryMs = RETRY_MS.first;
    if (this.#trouble === null) return;
    this.#trouble = null;
    this.#options.say('info', `messages of modules are stored in ${this.#options.folder} again`);
  }

  /**
   * After a failed write LevelDB continues after half a record, and what it writes then would be lost. So it is opened again.
   */
  async #fails(error: Error): Promise<void> {
    await this.#level?.close();
    this.#level = null;
    this.#isFresh = true;
    this.#giveUpWaiting();
    const text = `is damaged (${error.message})`;
    const isReplaced = isDamage(error) && !this.#isUnproven && this.#tryToReplace(text);
    const why = error.message;
    if (this.#trouble !== why && !isReplaced) this.#options.say('warn', describeTrouble(this.#options.folder, why));
    this.#trouble = why;
    if (this.#state !== 'open' || (error instanceof LevelError && error.isFinal)) return;
    this.#retry = setTimeout(() => void this.#work(), isReplaced ? 0 : this.#retryMs).unref();
    this.#retryMs = Math.min(RETRY_MS.most, this.#retryMs * 2);
  }

  /** @throws LevelError, the error of the system */
  async #open(progress: () => void): Promise<Level> {
    const { folder, moment } = this.#options;
    const opened = () => this.#descriptors.keep();
    const found = await findStore({ folder, moment: moment(), isKnown: this.#isRead, opened, progress });
    if (found.kind === 'fit') {
      await this.#take(found.content, progress);
      return found.level;
    }
    if (found.kind === 'closed') {
      await this.#take(found.content, progress);
      throw found.error;
    }
    const { why, text, content } = found;
    // A disk on which every store gets damaged must not be filled with stores.
    if (this.#isUnproven) throw new LevelError(`it ${text}, like the one before it`);
    this.#replace(why, text, this.#isRead ? null : content.entries.length);
    if (!this.#isRead) await inSlices(content.entries, (entry) => this.#writes.put(entry), progress);
    await this.#take(content, progress);
    makeFolders(folder);
    const level = await openLevel(folder);
    opened();
    return level;
  }

  /** The first time only: later its users know more than the store. */
  async #take(content: Content | null, progress: () => void): Promise<void> {
    if (this.#isRead) return;
    this.#isRead = true;
    if (content === null) return;
    await inSlices(content.entries, ({ key }) => this.#writes.has(key), progress);
    await this.#options.loaded(content, progress);
  }

  /**
   * Puts the present store aside. Everything that must be stored is written again.
   *
   * @param read so many entries of it; `null`: all are known
   * @throws the error of the system
   */
  #replace(why: Unfitness, text: string, read: number | null): void {
    const { folder, moment, all } = this.#options;
    const aside = existsSync(folder) ? putAside(folder, why, moment().wallMs) : null;
    this.#lose(describeLoss(folder, text, aside, read), aside);
    this.#isFresh = true;
    this.#isUnproven = true;
    this.#writes.forgetStored();
    for (const entry of all()) this.#writes.put(entry);
  }

  #tryToReplace(text: string): boolean {
    try {
      this.#replace('damaged', text, null);
      return true;
    } catch {
      return false;
    }
  }

  #lose(text: string, aside: string | null): void {
    this.#options.say('warn', text);
    this.#losses.add({ text, aside, sinceMs: this.#options.moment().nowMs });
  }

  /** @param work calls its argument whenever the disk has answered */
  async #watched<T>(work: (progress: () => void) => Promise<T>): Promise<T> {
    let isOver = false;
    // What the disk has answered is seen only after the timers of a turn.
    const timer = setTimeout(() => setImmediate(() => isOver || this.#waitNoMore()), SLOW_MS);
    try {
      return await work(() => timer.refresh());
    } finally {
      isOver = true;
      clearTimeout(timer);
      if (this.#isSlow) this.#options.say('info', `the disk of ${this.#options.folder} answers again`);
      this.#isSlow = false;
    }
  }

  #giveUpWaiting(): void {
    this.#writes.giveUpWaiting();
    this.#letNamesGo();
  }

  #letNamesGo(): void {
    for (const resolve of this.#namesWaiters.splice(0)) resolve();
  }

  #waitNoMore(): void {
    this.#isSlow = true;
    this.#endOpening();
    this.#giveUpWaiting();
    this.#options.say('warn', describeTrouble(this.#options.folder, SLOW));
  }
}
