/** Growing numbers, also from core to core. They give the order in which modules sent. */

/** How many a millisecond, before they run ahead of the time. */
const PER_MS = 1024;
/** The latest time that is accepted from a clock; numbers are exact up to twice this. */
const MAX_BY_TIME = 2 ** 52;

/** Counts on from the time. */
export class KeyMaker {
  readonly #wallNow: () => number;
  #last = 0;

  constructor(wallNow: () => number) {
    this.#wallNow = wallNow;
  }

  /** An earlier core has used this number. Later ones are higher, even if the clock was set back. */
  skip(key: number): void {
    this.#last = Math.max(this.#last, key);
  }

  next(): number {
    this.#last = Math.max(this.#last + 1, Math.min(Math.floor(this.#wallNow()) * PER_MS, MAX_BY_TIME));
    return this.#last;
  }
}
