/** The modules with `watch = yes`: each is reloaded when its file changes. */

import { ModuleWatch, type WatchedModule, type WatchWork } from './module-watch.js';

/** Where the system announces no change, as on NFS, this finds it. */
const POLL_MS = 5_000;

/** Follows the modules of one core. */
export class Watches {
  readonly #work: WatchWork;
  readonly #watches = new Map<WatchedModule, ModuleWatch>();
  #timer: NodeJS.Timeout | undefined;
  #isPolling = false;
  #closed = false;
  #reads: Promise<unknown> = Promise.resolve();

  constructor(work: Omit<WatchWork, 'inTurn'>) {
    this.#work = { ...work, inTurn: (read) => this.#inTurn(read) };
  }

  /** Watches those of these modules that are to be watched, and no others. */
  follow(modules: readonly WatchedModule[]): void {
    if (this.#closed) return;
    const wanted = new Set(modules.filter(({ spec, desired }) => spec.watch && desired === 'up'));
    for (const [module, watch] of this.#watches) {
      if (wanted.has(module)) continue;
      watch.close();
      this.#watches.delete(module);
    }
    for (const module of wanted) {
      if (!this.#watches.has(module)) this.#watches.set(module, new ModuleWatch(module, this.#work));
    }
    if (wanted.size === 0) this.#stopPolling();
    else this.#timer ??= setInterval(() => void this.#poll(), POLL_MS).unref();
    // Whatever was ordered may have changed what runs.
    for (const watch of this.#watches.values()) void watch.look();
  }

  /** Ends all watching. */
  close(): void {
    this.#closed = true;
    this.#stopPolling();
    for (const watch of this.#watches.values()) watch.close();
    this.#watches.clear();
  }

  #stopPolling(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** One after the other: a file system that does not answer must not take more than one thread. */
  async #poll(): Promise<void> {
    if (this.#isPolling) return;
    this.#isPolling = true;
    for (const watch of [...this.#watches.values()]) await watch.look();
    this.#isPolling = false;
  }

  #inTurn<T>(read: () => Promise<T>): Promise<T> {
    const mine = this.#reads.then(read);
    this.#reads = mine.catch(() => undefined);
    return mine;
  }
}
