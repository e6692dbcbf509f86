/** Which event is told next, and when: pure, with the clock passed in. */

import type { CoreEvent } from './core-event.js';

/** The same event of the same module is told this often, at most. */
export const SAME_EVENT_MS = 10_000;

/** An event whose time has come. */
export interface DueEvent {
  event: CoreEvent;
  /** Counts the reported events, from 1. */
  seq: number;
  /** Older ones of the same module that were not told. */
  skipped: number;
}

type Waiting = Omit<DueEvent, 'seq'>;

/**
 * Holds the newest event of each module. Older events that were not reported yet are dropped. So the last report on a module
 * says its present state.
 */
export class EventQueue {
  /** By module, in the order in which the events came. */
  readonly #waiting = new Map<string | null, Waiting>();
  readonly #toldMs = new Map<string, number>();
  #seq = 0;

  /** Takes an event. */
  add(event: CoreEvent): void {
    const older = this.#waiting.get(event.module);
    this.#waiting.delete(event.module);
    this.#waiting.set(event.module, { event, skipped: older ? older.skipped + 1 : 0 });
  }

  /** Forgets the waiting event of a module, or of none: it is no longer true. */
  drop(module: string | null): void {
    this.#waiting.delete(module);
  }

  /** Hands out the first event whose time has come; `null`: there is none. */
  take(nowMs: number): DueEvent | null {
    for (const [module, waiting] of this.#waiting) {
      if (this.#dueMs(waiting) > nowMs) continue;
      this.#waiting.delete(module);
      this.#toldMs.set(keyOf(waiting), nowMs);
      this.#seq += 1;
      return { ...waiting, seq: this.#seq };
    }
    this.#forget(nowMs);
    return null;
  }

  /** When there may be one; `null`: nothing waits. */
  nextMs(): number | null {
    if (this.#waiting.size === 0) return null;
    return Math.min(...[...this.#waiting.values()].map((waiting) => this.#dueMs(waiting)));
  }

  #dueMs(waiting: Waiting): number {
    return (this.#toldMs.get(keyOf(waiting)) ?? Number.NEGATIVE_INFINITY) + SAME_EVENT_MS;
  }

  #forget(nowMs: number): void {
    for (const [key, at] of this.#toldMs) if (at + SAME_EVENT_MS <= nowMs) this.#toldMs.delete(key);
  }
}

function keyOf({ event: { event, module } }: Waiting): string {
  return `${event} ${module ?? ''}`;
}
