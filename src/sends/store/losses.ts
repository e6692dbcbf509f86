/** Stores that were put aside, as problems of a status. */

/** So many are named. */
const MAX_LOSSES = 5;
/** It is a problem for so long, unless somebody has removed what was put aside before; the log says it for longer. */
const LOSS_MS = 3_600_000;

interface Loss {
  text: string;
  /** Where it is; `null`: nothing was left to put aside. */
  aside: string | null;
  sinceMs: number;
}

/** What an operator is told of, until he has seen to it or has had the time to. */
export class Losses {
  #losses: Loss[] = [];
  readonly #exists: (path: string) => boolean;

  constructor(exists: (path: string) => boolean) {
    this.#exists = exists;
  }

  add(loss: Loss): void {
    if (this.#losses.length < MAX_LOSSES) this.#losses.push(loss);
  }

  /** Those that are still problems. */
  problems(nowMs: number): string[] {
    this.#losses = this.#losses.filter(
      ({ aside, sinceMs }) => nowMs - sinceMs < LOSS_MS && (aside === null || this.#exists(aside)),
    );
    return this.#losses.map(({ text }) => text);
  }
}
