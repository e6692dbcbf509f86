/** Wakes when something has waited too long. */

/** A timer waits no longer than this. */
const MAX_MS = 2 ** 31 - 1;

/** One timer, which keeps no process alive. */
export class ExpiryTimer {
  readonly #expire: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(expire: () => void) {
    this.#expire = expire;
  }

  /** @param inMs - `null`: nothing waits */
  set(inMs: number | null): void {
    clearTimeout(this.#timer);
    if (inMs === null) return;
    this.#timer = setTimeout(this.#expire, Math.min(MAX_MS, Math.max(1, inMs))).unref();
  }

  close(): void {
    clearTimeout(this.#timer);
  }
}
