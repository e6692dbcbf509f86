/** Tells a SIGKILL by the kernel's out-of-memory killer from one by anybody else. */

import { performance } from 'node:perf_hooks';
import { readOomKills } from './proc.js';

/** How long a reading of the counter is good for. */
const FRESH_MS = 1000;

/**
 * The kernel says of no process why it was killed; it counts its kills for want of memory. So the count of shortly
 * before is kept, and a death by SIGKILL since which it has grown is taken for one.
 */
export class OomWatch {
  readonly #read: () => number | null;
  #kills: number | null = null;
  #readMs = Number.NEGATIVE_INFINITY;

  constructor(read = readOomKills) {
    this.#read = read;
  }

  /** Notes the count of now, unless it was read a moment ago. */
  note(nowMs = performance.now()): void {
    if (nowMs - this.#readMs < FRESH_MS) return;
    this.#kills = this.#read();
    this.#readMs = nowMs;
  }

  /** Whether the kernel has killed for want of memory since the count was noted. The next call begins from here. */
  hasStruck(nowMs = performance.now()): boolean {
    const before = this.#kills;
    this.#kills = this.#read();
    this.#readMs = nowMs;
    return before !== null && this.#kills !== null && this.#kills > before;
  }
}
