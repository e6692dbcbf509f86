/** Which event is told next, and when: pure, with the clock passed in. */

import type { CoreEvent } from './core-event.js';

/** The same event of the same module is told this often, at most. */
export const SAME_EVENT_MS = 10_000;

/** An event whose time has come. */
export interface DueEvent {
  event: CoreEvent;
  /** Older ones of the same kind and module that were not told. */
  skipped: number;
}

/** Holds of each event and module the newest one. */
export class EventQueue {
  /** In the order in which they came. */
  readonly #waiting = new Map<string, DueEvent>();
  readonly #toldMs = new Map<string, number>();

  /** Takes an event. */
  add(event: CoreEvent): void {
    const key = keyOf(event);
    const older = this.#waiting.get(key);
    this.#waiting.set(key, { event, skipped: older ? older.skipped + 1 : 0 });
  }

  /** Hands out the first event whose time has come; `null`: there is none. */
  take(nowMs: number): DueEvent | null {
    for (const [key, due] of this.#waiting) {
      if (this.#dueMs(key) > nowMs) continue;
      this.#waiting.delete(key);
      this.#toldMs.set(key, nowMs);
      return due;
    }
    this.#forget(nowMs);
    return null;
  }

  /** When there may be one; `null`: nothing waits. */
  nextMs(): number | null {
    if (this.#waiting.size === 0) return null;
    return Math.min(...[...this.#waiting.keys()].map((key) => this.#dueMs(key)));
  }

  #dueMs(key: string): number {
    return (this.#toldMs.get(key) ?? Number.NEGATIVE_INFINITY) + SAME_EVENT_MS;
  }

  #forget(nowMs: number): void {
    for (const [key, at] of this.#toldMs) if (at + SAME_EVENT_MS <= nowMs) this.#toldMs.delete(key);
  }
}

function keyOf({ event, module }: CoreEvent): string {
  return `${event} ${module ?? ''}`;
}
