/** How a connection comes to take the sends for a name. */

import type { Names, Taker } from './names.js';

/** How long it takes to see that a connection has gone after a write to it. */
const PROBE_MS = 50;

/** The claim of one connection. */
export class NameClaim {
  readonly #names: Names;
  readonly #taker: Taker;
  #timer: NodeJS.Timeout | undefined;

  constructor(names: Names, taker: Taker) {
    this.#names = names;
    this.#taker = taker;
  }

  /** It is not known yet what comes of it. */
  get isPending(): boolean {
    return this.#timer !== undefined;
  }

  /**
   * Claims a name. A server that was killed during many events may seem to be still there. So something is written to it to
   * find out, and the name is claimed again in a moment.
   *
   * @param later - told what came of that
   * @returns whether the name is its at once
   */
  make(name: string, later: (isWon: boolean) => void): boolean {
    if (this.#names.claim(name, this.#taker)) return true;
    this.#names.probe(name);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      later(this.#names.claim(name, this.#taker));
    }, PROBE_MS);
    return false;
  }

  /** Gives the name back, or the claim up. */
  release(name: string): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#names.release(name, this.#taker);
  }
}
