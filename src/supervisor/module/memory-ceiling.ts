/** Replaces a host that has more memory than `max_rss`, in good order. */

import { performance } from 'node:perf_hooks';
import type { ProcessUsage } from '../../process-usage.js';

const LOOK_EVERY_MS = 1000;
/** A module that needs more from its start on would be replaced all the time. */
export const REPLACE_EVERY_MS = 60_000;

/** What it looks at. */
export interface Weighed {
  readonly state: string;
  readUsage(): Pick<ProcessUsage, 'memoryBytes'> | null;
}

/** What is done about it. */
export interface MemoryCeilingOptions<H> {
  /** In bytes; `null`: there is none. */
  limitBytes: () => number | null;
  /** Those that serve. */
  hosts: () => readonly H[];
  /** Starts another host in its place, unless that must wait. When that one has taken over, {@link MemoryCeiling.replaced} says so. */
  replace(host: H, memoryBytes: number): void;
  /** It is too heavy again so soon that it stays for now. */
  spared(host: H, memoryBytes: number): void;
}

/** Looks while a host serves. */
export class MemoryCeiling<H extends Weighed> {
  readonly #options: MemoryCeilingOptions<H>;
  #timer: NodeJS.Timeout | undefined;
  #replacedMs = Number.NEGATIVE_INFINITY;
  /** Was told to be too heavy again. */
  #spared: H | null = null;

  constructor(options: MemoryCeilingOptions<H>) {
    this.#options = options;
  }

  /** A host serves, or the setting may have changed. */
  open(): void {
    if (this.#options.limitBytes() === null) this.close();
    else this.#timer ??= setInterval(() => this.look(performance.now()), LOOK_EVERY_MS).unref();
  }

  /** No host is wanted any more. */
  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Another host has taken over from one that was too heavy. */
  replaced(nowMs: number): void {
    this.#replacedMs = nowMs;
  }

  /** Looks at each host once. */
  look(nowMs: number): void {
    const limitBytes = this.#options.limitBytes();
    if (limitBytes === null) {
      this.close();
      return;
    }
    for (const host of this.#options.hosts()) {
      const memoryBytes = host.state === 'ready' ? (host.readUsage()?.memoryBytes ?? 0) : 0;
      if (memoryBytes > limitBytes) this.#exceeded(host, memoryBytes, nowMs);
    }
  }

  #exceeded(host: H, memoryBytes: number, nowMs: number): void {
    if (nowMs - this.#replacedMs >= REPLACE_EVERY_MS) {
      this.#options.replace(host, memoryBytes);
    } else if (this.#spared !== host) {
      this.#spared = host;
      this.#options.spared(host, memoryBytes);
    }
  }
}
