/** Tells a SIGKILL by the kernel's out-of-memory killer from one by anybody else. */

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
 * The kernel says of no process why it was killed; it counts its kills for want of memory, for each control group. So
 * the count of shortly before is kept, and a death by SIGKILL since which it has grown is taken for one.
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

  /** Whether the kernel has killed for want of memory since the count was noted. */
  hasStruck(): boolean {
    const kills = this.#kills === null ? null : this.#counter.read(this.#file);
    return kills !== null && kills > (this.#kills ?? kills);
  }
}
