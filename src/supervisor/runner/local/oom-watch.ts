/** Tells a SIGKILL of the kernel's out-of-memory killer from one by anybody else. */

import { performance } from 'node:perf_hooks';
import { findOomCounter, readOomKills } from '../../../proc.js';

/** How long a reading of the counter is good for. */
const FRESH_MS = 1000;

/** Where the count comes from; a test puts its own in their place. */
export interface OomCounter {
  find(pid: number): string;
  read(file: string): number | null;
}

/**
 * The kernel does not say why it killed a process. It only counts its out-of-memory kills for each control group. So a recent
 * count is kept. If the count has grown by the time of a death by SIGKILL, that death counts as out of memory.
 */
export class OomWatch {
  readonly #counter: OomCounter;
  #file = '';
  #kills: number | null = null;
  #readMs = Number.NEGATIVE_INFINITY;

  constructor(counter: OomCounter = { find: findOomCounter, read: readOomKills }) {
    this.#counter = counter;
  }

  /** Notes the count of now for a process, unless it was read a moment ago. */
  note(pid: number, nowMs = performance.now()): void {
    if (nowMs - this.#readMs < FRESH_MS) return;
    this.#file = this.#counter.find(pid);
    this.#kills = this.#counter.read(this.#file);
    this.#readMs = nowMs;
  }

  /** Whether the kernel has killed because memory ran out since the count was noted. */
  hasStruck(): boolean {
    const kills = this.#kills === null ? null : this.#counter.read(this.#file);
    return kills !== null && kills > (this.#kills ?? kills);
  }
}
