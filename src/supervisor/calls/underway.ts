/** Counts events in progress. It counts in eras, so that one can wait for all present events without a list of them. */

/** Those who came in between two calls of {@link Underway.settled}. */
export interface Era {
  count: number;
  /** Called when no event of this or an earlier era is left; `null`: the era has not ended. */
  over: (() => void) | null;
  next: Era | null;
}

/** How many came in and have not left. */
export class Underway {
  #oldest: Era = { count: 0, over: null, next: null };
  #newest = this.#oldest;

  /** One came in. The returned era is passed to {@link leave}. */
  enter(): Era {
    this.#newest.count += 1;
    return this.#newest;
  }

  /** He leaves. */
  leave(era: Era): void {
    era.count -= 1;
    if (era.count === 0) this.#settle();
  }

  /** Resolves when all that are present now have left. */
  settled(): Promise<void> {
    return new Promise((resolve) => {
      const next: Era = { count: 0, over: null, next: null };
      this.#newest.over = resolve;
      this.#newest.next = next;
      this.#newest = next;
      this.#settle();
    });
  }

  #settle(): void {
    for (let era = this.#oldest; era.count === 0 && era.next !== null; era = era.next) {
      era.over?.();
      this.#oldest = era.next;
    }
  }
}
