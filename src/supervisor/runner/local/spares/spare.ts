/** One process that waits to become the host of a module. */

import { performance } from 'node:perf_hooks';
import { hasReplacedFiles, isAwake } from '../../../../proc.js';
import type { RunListener } from '../../runner.js';
import type { LocalRun, RunUse } from '../local-run.js';
import { type SpareNews, tellSpare } from './spare-news.js';

/** From start to hello; a host that takes longer is of no use. */
const GREETING_MS = 30_000;

/** What becomes of it. */
export interface SpareListener {
  /** It can be taken. */
  waits(spare: Spare): void;
  /** It can no longer be taken, and its process has ended. @param waitedMs how long it could be */
  ended(spare: Spare, waitedMs: number): void;
}

/** It has said hello and waits, or is on its way there, or is being ended. */
export class Spare {
  readonly #run: LocalRun;
  readonly #listener: SpareListener;
  readonly #timer: NodeJS.Timeout;
  #stage: 'starting' | 'waiting' | 'ending' | 'gone' = 'starting';
  #waitsSinceMs = 0;

  /** @throws {SupervisorError} why no process can be had */
  constructor(start: (use: RunUse) => LocalRun, listener: SpareListener) {
    this.#listener = listener;
    const ties = { ready: () => undefined, closed: () => undefined };
    this.#run = start({ logRate: 1, remark: null, listener: this.#attend(), ties });
    this.#timer = setTimeout(() => this.end('it did not say hello in time'), GREETING_MS);
  }

  /** Whether it may still come to be taken. */
  get isWanted(): boolean {
    return this.#stage === 'starting' || this.#stage === 'waiting';
  }

  /** Whether it is on its way. */
  get isStarting(): boolean {
    return this.#stage === 'starting';
  }

  /**
   * Gives its process to the caller, unless it is stopped or dead and this was not reported yet.
   *
   * @returns `null`: it cannot be taken, and is ended
   */
  take(use: (run: LocalRun) => void): LocalRun | null {
    if (this.#stage !== 'waiting') return null;
    try {
      if (!isAwake(this.#run.pid)) throw new Error('it does not run');
      // A process that starts now would load the new ones.
      if (hasReplacedFiles(this.#run.pid)) throw new Error('libraries that it has loaded were replaced');
      use(this.#run);
    } catch (error) {
      this.end((error as Error).message);
      return null;
    }
    this.#stage = 'gone';
    this.#tell('taken', null);
    return this.#run;
  }

  /** Ends it, if nobody has it: it has nothing to clean up. */
  end(reason: string | null): void {
    if (!this.isWanted) return;
    this.#stage = 'ending';
    clearTimeout(this.#timer);
    this.#tell('ends', reason);
    this.#run.end('kill');
    this.#run.evidence.discard();
  }

  #attend(): RunListener {
    return {
      begun: () => undefined,
      connected: () => this.#wait(),
      received: () => this.end('it spoke before it was spoken to'),
      rejected: ({ message }) => this.end(message),
      violated: ({ message }) => this.end(message),
      lost: () => this.end('its connection is closed'),
      // These lines belong to nobody: output counts only from when the process is the host of a module.
      printed: () => undefined,
      dropped: () => undefined,
      // It keeps who sent the signal, and would tell the module that takes it of that.
      signalled: (signal) => this.end(`it got ${signal}`),
      ended: ({ failure }) => this.#ended(failure?.message ?? 'it has ended'),
      leftBehind: () => undefined,
    };
  }

  #wait(): void {
    if (this.#stage !== 'starting') return;
    clearTimeout(this.#timer);
    this.#stage = 'waiting';
    this.#waitsSinceMs = performance.now();
    this.#tell('waits', null);
    this.#listener.waits(this);
  }

  #ended(reason: string): void {
    clearTimeout(this.#timer);
    if (this.isWanted) this.#tell('ends', reason);
    this.#stage = 'gone';
    this.#run.close(null);
    const waitedMs = this.#waitsSinceMs === 0 ? 0 : performance.now() - this.#waitsSinceMs;
    this.#listener.ended(this, waitedMs);
  }

  #tell(kind: SpareNews['kind'], reason: string | null): void {
    tellSpare({ kind, pid: this.#run.pid, reason });
  }
}
