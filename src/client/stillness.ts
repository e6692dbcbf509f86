/** Whether a core does not respond: events do not wait for it then. Pure. */

/** How often one event tries a core that does not respond. */
const RETRY_MS = 30_000;

/** One connection after the other; each begins afresh. */
export class Stillness {
  #heardMs = Number.NEGATIVE_INFINITY;
  #retryMs: number | null = null;

  /** Something came from the core. */
  heard(nowMs: number): void {
    this.#heardMs = nowMs;
    this.#retryMs = null;
  }

  /**
   * An event is late.
   *
   * @param askedMs when it was given to the client
   * @returns whether the core does not respond: nothing came since
   */
  late(askedMs: number, nowMs: number): boolean {
    if (this.#heardMs >= askedMs) return false;
    this.#retryMs ??= nowMs + RETRY_MS;
    return true;
  }

  /** Another connection is tried. */
  forget(): void {
    this.#retryMs = null;
  }

  /** Whether it does not respond, as far as is known. */
  get isStill(): boolean {
    return this.#retryMs !== null;
  }

  /** Whether the next event has its default at once. */
  refuses(nowMs: number): boolean {
    if (this.#retryMs === null) return false;
    if (nowMs < this.#retryMs) return true;
    this.#retryMs = nowMs + RETRY_MS;
    return false;
  }
}
