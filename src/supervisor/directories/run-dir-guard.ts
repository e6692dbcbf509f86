/** Keeps a core reachable: it notices what others remove from the run directory and makes it again. */

import { type FSWatcher, watch } from 'node:fs';
import type { RunDir } from './run-dir.js';

/** Something that others look for in the run directory, or a lock. */
export interface Kept {
  /** Where it is, as an operator is told. */
  path: string;
  /** Whether the one that others find is this core's. */
  isThere(): boolean;
  /** Makes it again. @throws Error why that cannot be */
  restore(): void | Promise<void>;
}

/** How a guard looks and tells. */
export interface GuardOptions {
  say: (text: string) => void;
  /** How often to look, for where the system announces nothing. */
  everyMs?: number;
}

const EVERY_MS = 5_000;

/** Looks when something in the directory changes, now and then by itself, and when it is told to. */
export class RunDirGuard {
  readonly #runDir: RunDir;
  readonly #say: (text: string) => void;
  readonly #kept = new Set<Kept>();
  readonly #timer: NodeJS.Timeout;
  #watcher: FSWatcher | null = null;
  #problems: string[] = [];
  #looking: Promise<void> | null = null;
  #lookAgain = false;
  #closed = false;

  constructor(runDir: RunDir, { say, everyMs = EVERY_MS }: GuardOptions) {
    this.#runDir = runDir;
    this.#say = say;
    this.#timer = setInterval(() => void this.look(), everyMs).unref();
    this.#watch();
  }

  /** Why others do not find this core and what to do, a line each. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  /** Keeps one more thing, until the function that is returned is called. */
  keep(kept: Kept): () => void {
    this.#kept.add(kept);
    return () => this.#kept.delete(kept);
  }

  /** Looks now; resolves when everything is there again, or cannot be. */
  look(): Promise<void> {
    this.#lookAgain = true;
    this.#looking ??= this.#lookUntilQuiet().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  /** Ends all looking; resolves when nothing is being made any more. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#watcher?.close();
    await this.#looking;
  }

  async #lookUntilQuiet(): Promise<void> {
    while (this.#lookAgain && !this.#closed) {
      this.#lookAgain = false;
      try {
        await this.#lookOnce();
      } catch (error) {
        // A look that fails is no reason to stop serving: the next one comes.
        this.#tell([`this core cannot check whether commands still reach it (${(error as Error).message})`]);
      }
    }
  }

  async #lookOnce(): Promise<void> {
    const { restored, lost } = this.#runDir.check();
    if (restored.includes(this.#runDir.path)) this.#watch();
    const problems = lost === null ? await this.#restoreAll(restored) : [lost];
    if (restored.length > 0)
      this.#say(`${restored.join(' and ')} had been removed or replaced; this core made it again`);
    this.#tell(problems);
  }

  /** Each is told once, as long as it lasts. */
  #tell(problems: string[]): void {
    const fresh = problems.filter((problem) => !this.#problems.includes(problem));
    this.#problems = problems;
    for (const problem of fresh) this.#say(problem);
  }

  /** @returns what could not be made again, and why */
  async #restoreAll(restored: string[]): Promise<string[]> {
    const problems: string[] = [];
    for (const kept of this.#kept) {
      if (this.#closed) break;
      try {
        if (kept.isThere()) continue;
        await kept.restore();
        restored.push(kept.path);
      } catch (error) {
        problems.push((error as Error).message);
      }
    }
    return problems;
  }

  #watch(): void {
    this.#watcher?.close();
    try {
      this.#watcher = watch(this.#runDir.path, { persistent: false }, () => void this.look());
      this.#watcher.on('error', () => this.#watcher?.close());
    } catch {
      // The system allows each user so many; the timer looks too.
      this.#watcher = null;
    }
  }
}
