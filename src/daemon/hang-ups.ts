/** The reloads that SIGHUP asks for. Each signal leads to a later reload; several signals may share one. */

/** Takes signals at any time; reloads while the core serves. */
export class HangUps {
  readonly #reload: () => Promise<unknown>;
  readonly #later: (work: () => void) => unknown;
  #state: 'early' | 'open' | 'closed' = 'early';
  #isWanted = false;
  #isReloading = false;

  /**
   * @param reload never rejects
   * @param later lets what came with a signal be seen before the signal is obeyed
   */
  constructor(reload: () => Promise<unknown>, later: (work: () => void) => unknown = setImmediate) {
    this.#reload = reload;
    this.#later = later;
  }

  /** A signal came. The reload that follows includes every change made before the signal. */
  add(): void {
    this.#isWanted = true;
    // Of several signals the system delivers SIGHUP first, also when SIGTERM was sent before it.
    this.#later(() => this.#next());
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
