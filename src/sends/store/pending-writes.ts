/** What is to be written: pure. What comes while a batch is written goes in the next one. */

import type { Entry } from '../queue/entry.js';

/** More does not go in one batch. */
export interface BatchLimits {
  writes: number;
  bytes: number;
}

/** The entry that shall be there; `null`: none shall be there any more. */
type Wanted = Entry | null;

/** One of a batch. */
export interface Write {
  readonly key: number;
  readonly wanted: Wanted;
}

interface Waiter {
  /** Waits for all writes up to this one. */
  upTo: number;
  settled: Promise<boolean>;
  resolve(isWritten: boolean): void;
}

/** Puts and removals; only the newest for each key. */
export class PendingWrites {
  readonly #limits: BatchLimits;
  /** In the order in which they came. */
  readonly #pending = new Map<number, { wanted: Wanted; serial: number }>();
  /** The batch that is being written. */
  #batch: { writes: Write[]; firstSerial: number } | null = null;
  /** Keys that the store may have. Other keys need no removal. */
  readonly #stored = new Set<number>();
  #waiters: Waiter[] = [];
  #serial = 0;
  #puts = 0;

  constructor(limits: BatchLimits) {
    this.#limits = limits;
  }

  /** How many entries are to be written, those of the batch included. */
  get puts(): number {
    return this.#puts;
  }

  /** Whether nothing waits to be written. */
  get isEmpty(): boolean {
    return this.#pending.size === 0;
  }

  /** The store has an entry. */
  has(key: number): void {
    this.#stored.add(key);
  }

  /** The store is another one, and empty. */
  forgetStored(): void {
    this.#stored.clear();
  }

  put(entry: Entry): void {
    const waiting = this.#pending.get(entry.key);
    if (waiting?.wanted) {
      // It keeps its place, so those who wait for earlier puts also wait for this.
      waiting.wanted = entry;
      return;
    }
    this.#drop(entry.key);
    this.#pending.set(entry.key, { wanted: entry, serial: ++this.#serial });
    this.#puts += 1;
  }

  /** Both a put that waits and its removal vanish. */
  remove(key: number): void {
    this.#drop(key);
    if (this.#stored.has(key)) this.#pending.set(key, { wanted: null, serial: ++this.#serial });
    this.#settle();
  }

  /**
   * Resolves with `true` when everything put so far is written or removed again, `false` when it was given up. `null`:
   * everything is written now.
   */
  settled(): Promise<boolean> | null {
    if (this.#puts === 0) return null;
    const last = this.#waiters.at(-1);
    if (last?.upTo === this.#serial) return last.settled;
    let resolve: Waiter['resolve'] = () => {};
    const settled = new Promise<boolean>((done) => {
      resolve = done;
    });
    this.#waiters.push({ upTo: this.#serial, settled, resolve });
    return settled;
  }

  /** Nobody waits any longer. */
  giveUpWaiting(): void {
    for (const { resolve } of this.#waiters) resolve(false);
    this.#waiters = [];
  }

  /** The next batch; it is over with {@link written} or {@link failed}. */
  next(): readonly Write[] {
    const writes: Write[] = [];
    const firstSerial = this.#firstPending();
    let bytes = 0;
    for (const [key, { wanted }] of this.#pending) {
      this.#pending.delete(key);
      writes.push({ key, wanted });
      // It may be written even if that is never heard.
      if (wanted) this.#stored.add(key);
      bytes += wanted?.bytes ?? 0;
      if (writes.length >= this.#limits.writes || bytes >= this.#limits.bytes) break;
    }
    this.#batch = { writes, firstSerial };
    return writes;
  }

  written(): void {
    for (const { key, wanted } of this.#endBatch()) {
      if (wanted) this.#puts -= 1;
      else if (this.#pending.get(key)?.wanted == null) this.#stored.delete(key);
    }
    this.#settle();
  }

  /** The content of the batch must be written again, unless newer content is known. Nobody waits for that. */
  failed(): void {
    this.giveUpWaiting();
    const later = [...this.#pending];
    this.#pending.clear();
    for (const { key, wanted } of this.#endBatch()) this.#pending.set(key, { wanted, serial: ++this.#serial });
    for (const [key, { wanted }] of later) {
      if (this.#pending.get(key)?.wanted) this.#puts -= 1;
      this.#pending.delete(key);
      this.#pending.set(key, { wanted, serial: ++this.#serial });
    }
  }

  #endBatch(): readonly Write[] {
    const writes = this.#batch?.writes ?? [];
    this.#batch = null;
    return writes;
  }

  /** Drops what waits for a key. */
  #drop(key: number): void {
    if (this.#pending.get(key)?.wanted) this.#puts -= 1;
    this.#pending.delete(key);
  }

  #firstPending(): number {
    return this.#pending.values().next().value?.serial ?? Number.POSITIVE_INFINITY;
  }

  #settle(): void {
    if (this.#waiters.length === 0) return;
    const oldest = this.#batch?.firstSerial ?? this.#firstPending();
    while (this.#waiters[0] && this.#waiters[0].upTo < oldest) this.#waiters.shift()?.resolve(true);
  }
}
