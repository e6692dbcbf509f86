/** Stores that were put aside, as problems of a status. */

/** So many are named. */
const MAX_LOSSES = 5;
/** How long it is a problem, unless somebody removes what was put aside earlier. The log keeps it longer. */
const LOSS_MS = 3_600_000;

interface Loss {
  text: string;
  /** Where it is; `null`: nothing was left to put aside. */
  aside: string | null;
  sinceMs: number;
}

/** What an operator is told about, until it is corrected or some time has passed. */
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
