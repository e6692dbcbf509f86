/** How a connection comes to take the sends for a name. */

import type { Names, Taker } from './names.js';

/** How long it takes to see that a connection has gone after a write to it. */
const PROBE_MS = 50;

/** Who makes a later core know a name. Resolves when that is done, or cannot be done now; `null`: it is done. */
type Remember = (name: string) => Promise<void> | null;

/** The claim of one connection. */
export class NameClaim {
  readonly #names: Names;
  readonly #taker: Taker;
  readonly #remember: Remember;
  #timer: NodeJS.Timeout | undefined;
  #isPending = false;

  constructor(names: Names, taker: Taker, remember: Remember) {
    this.#names = names;
    this.#taker = taker;
    this.#remember = remember;
  }

  /** It is not known yet what comes of it. */
  get isPending(): boolean {
    return this.#isPending;
  }

  /**
   * Claims a name. If the core did not know the name, the store has it before the server gives its first event. So a later core
   * knows to whom it owes what modules sent, even if this one is killed at once.
   *
   * @param later - told what came of it
   * @returns whether the name is its at once
   */
  make(name: string, later: (isWon: boolean) => void): boolean {
    const stored = this.#remember(name);
    if (stored === null && this.#names.claim(name, this.#taker)) return true;
    this.#isPending = true;
    const end = (isWon: boolean) => {
      this.#isPending = false;
      later(isWon);
    };
    if (stored === null) this.#probe(name, end);
    else
      void stored.then(() => {
        if (!this.#isPending) return;
        if (this.#names.claim(name, this.#taker)) end(true);
        else this.#probe(name, end);
      });
    return false;
  }

  /**
   * A server that was killed during many events may seem to be still there. So something is written to it to find out, and the
   * name is claimed again in a moment.
   */
  #probe(name: string, end: (isWon: boolean) => void): void {
    this.#names.probe(name);
    this.#timer = setTimeout(() => end(this.#names.claim(name, this.#taker)), PROBE_MS);
  }

  /** Gives the name back, or the claim up. */
  release(name: string): void {
    clearTimeout(this.#timer);
    this.#isPending = false;
    this.#names.release(name, this.#taker);
  }
}
