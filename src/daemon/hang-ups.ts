/** The reloads that SIGHUP asks for: each is carried out, but never two for signals that one of them is enough for. */

/** Takes signals at any time; reloads while the core serves. */
export class HangUps {
  readonly #reload: () => Promise<unknown>;
  #state: 'early' | 'open' | 'closed' = 'early';
  #isWanted = false;
  #isReloading = false;

  /** @param reload never rejects */
  constructor(reload: () => Promise<unknown>) {
    this.#reload = reload;
  }

  /** A signal came. What was changed before it is in force after the reload that follows. */
  add(): void {
    this.#isWanted = true;
    this.#next();
  }

  /** The core serves: a reload that was asked for before is carried out now. */
  open(): void {
    if (this.#state === 'early') this.#state = 'open';
    this.#next();
  }

  /** The core stops, and reloads no more. */
  close(): void {
    this.#state = 'closed';
  }

  #next(): void {
    if (this.#state !== 'open' || !this.#isWanted || this.#isReloading) return;
    this.#isWanted = false;
    this.#isReloading = true;
    void this.#reload().then(() => {
      this.#isReloading = false;
      this.#next();
    });
  }
}
