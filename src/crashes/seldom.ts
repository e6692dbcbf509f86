/** Tells the same thing seldom, however often it happens. Pure, with the clock passed in. */

/** At most once in this time. */
const EVERY_MS = 60_000;

/** Decides for one thing. */
export class Seldom {
  #toldMs = Number.NEGATIVE_INFINITY;
  #untold = 0;

  /** It has happened. @returns how often since it was told last, when it is to be told now; `null`: it is not */
  happened(nowMs: number): number | null {
    this.#untold += 1;
    if (nowMs - this.#toldMs < EVERY_MS) return null;
    const count = this.#untold;
    this.#toldMs = nowMs;
    this.#untold = 0;
    return count;
  }
}
