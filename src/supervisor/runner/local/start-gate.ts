/**
 * Lets only so many processes come up at a time: more would only slow each other down, until starts run out of time. So fifty
 * modules that one reload changes start a few at a time.
 *
 * A process leaves as soon as it is up, before it loads its module. Most of the CPU time of a start lies before that. What a module
 * does in its init is often a wait for something else, which must not hold up others.
 */

import { availableParallelism } from 'node:os';

/** Who goes first. */
export type Urgency =
  /** Messages may wait for it. */
  | 'next'
  /** The module has not run yet. */
  | 'first'
  /** Nobody waits for it. */
  | 'spare';

const ORDER: readonly Urgency[] = ['next', 'first', 'spare'];

/** A process that takes longer no longer holds up others: something keeps it from coming up, perhaps for ever. */
const PATIENCE_MS = 10_000;

/** One that is coming up, or waits for that. */
interface Entry {
  urgency: Urgency;
  /** `null`: it has begun. */
  begin: (() => void) | null;
  timer?: NodeJS.Timeout;
}

/** For all processes of one core. */
export class StartGate {
  readonly #limit: number;
  readonly #inside = new Set<Entry>();
  readonly #waiting: Record<Urgency, Set<Entry>> = { next: new Set(), first: new Set(), spare: new Set() };

  constructor(limit = Math.max(2, 2 * availableParallelism())) {
    this.#limit = limit;
  }

  /**
   * Begins now, or as soon as others are up: the most urgent first, and of those who came first.
   *
   * @param begin - may throw only now
   * @returns a function by which it leaves: it is up, or will never be
   */
  enter(urgency: Urgency, begin: () => void): () => void {
    const entry: Entry = { urgency, begin };
    if (this.#inside.size < this.#limit) this.#admit(entry);
    else this.#waiting[urgency].add(entry);
    return () => this.#leave(entry);
  }

  #admit(entry: Entry): void {
    const { begin } = entry;
    entry.begin = null;
    this.#inside.add(entry);
    entry.timer = setTimeout(() => this.#leave(entry), PATIENCE_MS).unref();
    try {
      begin?.();
    } catch (error) {
      this.#leave(entry);
      throw error;
    }
  }

  #leave(entry: Entry): void {
    clearTimeout(entry.timer);
    this.#waiting[entry.urgency].delete(entry);
    if (!this.#inside.delete(entry)) return;
    for (const urgency of ORDER) {
      for (const next of this.#waiting[urgency]) {
        if (this.#inside.size >= this.#limit) return;
        this.#waiting[urgency].delete(next);
        this.#admit(next);
      }
    }
  }
}
