/** Looks after a host that owes answers, with one timer and without a word to the host. */

import { performance } from 'node:perf_hooks';
import type { BoxHeader } from '../wire/black-box.js';
import { judge } from './liveness.js';

/** What the watch asks of its host when it looks. */
export interface Watched {
  /** The header of its black box. */
  readHeader(): BoxHeader | null;
  /** Whether the host still owes the call with this sequence number. */
  owes(seq: number): boolean;
  /** It hangs. */
  hung(): void;
}

/** An answer may lie unread when the core itself was held up: then it is looked at again this much later. */
const DOUBT_MS = 100;

/** Runs while a host holds calls. */
export class HangWatch {
  readonly #hangMs: number | null;
  readonly #watched: Watched;
  #timer: NodeJS.Timeout | undefined;
  #progressMs = 0;
  #doubted = false;

  /** @param hangMs `null`: never look */
  constructor(hangMs: number | null, watched: Watched) {
    this.#hangMs = hangMs;
    this.#watched = watched;
  }

  /** The host, which owed nothing, was given a call. */
  begin(): void {
    this.progress();
    this.#lookIn(this.#hangMs);
  }

  /** The host answered something. */
  progress(): void {
    this.#progressMs = performance.now();
    this.#doubted = false;
  }

  /** The host owes nothing any more. */
  end(): void {
    clearTimeout(this.#timer);
  }

  #lookIn(ms: number | null): void {
    clearTimeout(this.#timer);
    if (ms !== null) this.#timer = setTimeout(() => this.#look(), ms);
  }

  #look(): void {
    const header = this.#watched.readHeader();
    const executes = header !== null && header.currentSeq !== 0 && this.#watched.owes(header.currentSeq);
    const nowMs = performance.now();
    // The box counts from the machine's start and performance.now() from the process's: both are CLOCK_MONOTONIC.
    const offsetMs = Number(process.hrtime.bigint()) / 1e6 - nowMs;
    const verdict = judge({
      nowMs,
      hangMs: this.#hangMs as number,
      executingSinceMs: executes ? Number(header.currentStart) / 1e6 - offsetMs : null,
      progressMs: this.#progressMs,
    });
    if (verdict.kind === 'alive') this.#lookIn(verdict.lookAgainMs);
    else if (executes || this.#doubted) this.#watched.hung();
    else {
      this.#doubted = true;
      this.#lookIn(DOUBT_MS);
    }
  }
}
