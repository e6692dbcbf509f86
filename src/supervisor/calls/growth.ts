/** Turns totals that a host counts into what was added since the last look. */

/** A total from a host is no proof: beyond this it was overwritten. */
const IMPOSSIBLE = 2 ** 40;

/** Follows one total that only grows. */
export class Growth {
  #last = 0;

  /** How much the total has grown; 0 when it went back, or cannot be. */
  to(total: number): number {
    const grown = total - this.#last;
    if (!Number.isSafeInteger(total) || grown <= 0 || grown > IMPOSSIBLE) return 0;
    this.#last = total;
    return grown;
  }
}
