/** Processes that wait to become hosts: some for each profile that a running module has. */

import { performance } from 'node:perf_hooks';
import type { LocalRun, RunTies, RunUse } from '../local-run.js';
import type { LaunchProfile } from './launch-profile.js';
import { Spare } from './spare.js';
import { HEALTHY_MS, type Shelf, stepShelf } from './spare-policy.js';

/** Those of one profile. */
interface FilledShelf extends Omit<Shelf, 'spares'> {
  profile: LaunchProfile;
  /** The oldest first. */
  spares: Spare[];
}

/** No profile is served: there is nothing to be told. */
const NO_TIES: RunTies = { ready: () => undefined, closed: () => undefined };

/** All of one core. */
export class Spares {
  readonly #start: (profile: LaunchProfile, use: RunUse) => LocalRun;
  readonly #shelves = new Map<string, FilledShelf>();
  /** Those whose processes may not have ended yet, also when they can no longer be taken. */
  readonly #living = new Set<Spare>();
  readonly #onGone: (() => void)[] = [];
  #count = 0;
  #isClosed = false;
  #stirredMs = 0;
  #starting = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param start - throws where no process can be had */
  constructor(start: (profile: LaunchProfile, use: RunUse) => LocalRun) {
    this.#start = start;
  }

  /** How many there are to be of each profile. */
  keep(count: number): void {
    this.#count = count;
    for (const shelf of this.#shelves.values()) this.#clear(shelf, count);
    this.#look();
  }

  /** A run of a module begins. @param profile - `null`: one that no other process could be of */
  enter(profile: LaunchProfile | null): RunTies {
    if (profile === null) return NO_TIES;
    let stage: 'starting' | 'ready' | 'closed' = 'starting';
    this.#stir(1);
    return {
      ready: () => {
        if (stage !== 'starting') return;
        stage = 'ready';
        this.#stir(-1);
        this.#use(profile);
      },
      closed: () => {
        if (stage === 'starting') this.#stir(-1);
        else if (stage === 'ready') this.#leave(profile);
        stage = 'closed';
      },
    };
  }

  /**
   * Gives a process of the profile to who takes it.
   *
   * @param use - throws when it cannot be taken
   * @returns `null`: there is none
   */
  take(profile: LaunchProfile | null, use: (run: LocalRun) => void): LocalRun | null {
    const shelf = profile === null ? undefined : this.#shelves.get(profile.key);
    for (const spare of [...(shelf?.spares ?? [])]) {
      const run = spare.take(use);
      if (shelf === undefined || run === null) continue;
      shelf.failures = 0;
      this.#forget(spare);
      this.#look();
      return run;
    }
    return null;
  }

  /** Ends all of them, and gives their memory back; others come when something is ready. @returns whether there were any */
  clear(): boolean {
    const { size } = this.#living;
    for (const shelf of this.#shelves.values()) this.#clear(shelf);
    return size > 0;
  }

  /** Ends all of them and starts no more; returns when their processes are gone. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.clear();
    if (this.#living.size > 0) await new Promise<void>((done) => this.#onGone.push(done));
  }

  #stir(starting: 1 | -1): void {
    this.#starting += starting;
    this.#stirredMs = performance.now();
    this.#look();
  }

  #use(profile: LaunchProfile): void {
    const unused = { users: 0, unusedSinceMs: null, failures: 0, failedMs: 0 };
    const shelf = this.#shelves.get(profile.key) ?? { profile, spares: [], ...unused };
    this.#shelves.set(profile.key, shelf);
    shelf.users += 1;
    shelf.unusedSinceMs = null;
    this.#look();
  }

  #leave({ key }: LaunchProfile): void {
    const shelf = this.#shelves.get(key);
    if (shelf === undefined) return;
    shelf.users -= 1;
    if (shelf.users === 0) shelf.unusedSinceMs = performance.now();
    this.#look();
  }

  /** Does what is to be done now, and comes back when there will be more. */
  #look(): void {
    clearTimeout(this.#timer);
    if (this.#isClosed) return;
    let againMs = Number.POSITIVE_INFINITY;
    for (const shelf of this.#shelves.values()) {
      const untilMs = this.#lookAt(shelf);
      if (untilMs !== null) againMs = Math.min(againMs, untilMs);
    }
    if (againMs === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(() => this.#look(), Math.max(1, Math.ceil(againMs - performance.now())));
    // Hosts keep the program alive; nothing else here does.
    this.#timer.unref();
  }

  /** @returns when to look again; `null`: when something has happened */
  #lookAt(shelf: FilledShelf): number | null {
    const step = stepShelf(
      { ...shelf, spares: shelf.spares.length },
      {
        nowMs: performance.now(),
        count: this.#count,
        stirredMs: this.#stirredMs,
        starting: this.#starting,
        isFilling: [...this.#living].some(({ isStarting }) => isStarting),
      },
    );
    if (step.kind === 'wait') return step.untilMs;
    if (step.kind === 'fill') return this.#fill(shelf);
    this.#clear(shelf);
    this.#shelves.delete(shelf.profile.key);
    return null;
  }

  #fill(shelf: FilledShelf): number | null {
    try {
      const spare = new Spare((use) => this.#start(shelf.profile, use), {
        waits: () => this.#look(),
        ended: (spare, waitedMs) => this.#ended(shelf, spare, waitedMs),
      });
      shelf.spares.push(spare);
      this.#living.add(spare);
      return null;
    } catch {
      // There is no room for another process just now: a start of a module would say so.
      this.#fail(shelf);
      return this.#lookAt(shelf);
    }
  }

  #clear(shelf: FilledShelf, but = 0): void {
    for (const spare of shelf.spares.splice(but)) spare.end(null);
  }

  #ended(shelf: FilledShelf, spare: Spare, waitedMs: number): void {
    if (shelf.spares.includes(spare)) {
      if (waitedMs >= HEALTHY_MS) shelf.failures = 0;
      this.#fail(shelf);
    }
    this.#forget(spare);
    this.#look();
  }

  #fail(shelf: FilledShelf): void {
    shelf.failures += 1;
    shelf.failedMs = performance.now();
  }

  #forget(spare: Spare): void {
    this.#living.delete(spare);
    for (const shelf of this.#shelves.values()) shelf.spares = shelf.spares.filter((other) => other !== spare);
    if (this.#living.size === 0) for (const done of this.#onGone.splice(0)) done();
  }
}
