/** How many lines a second may pass: pure, with the clock passed in. */

const SECOND_MS = 1000;

/** Lets so many lines pass in each second, beginning with the first of them. */
export class LineGate {
  #perSecond = Number.POSITIVE_INFINITY;
  #beganMs = Number.NEGATIVE_INFINITY;
  #passed = 0;

  /** @param perSecond `null`: all */
  constructor(perSecond: number | null) {
    this.limitTo(perSecond);
  }

  /** @param perSecond from now on; `null`: all */
  limitTo(perSecond: number | null): void {
    this.#perSecond = perSecond ?? Number.POSITIVE_INFINITY;
  }

  /** Whether one more line may pass; one that may is counted. */
  admits(nowMs: number): boolean {
    if (nowMs - this.#beganMs >= SECOND_MS) {
      this.#beganMs = nowMs;
      this.#passed = 0;
    }
    if (this.#passed >= this.#perSecond) return false;
    this.#passed += 1;
    return true;
  }
}
