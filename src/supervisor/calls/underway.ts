/** Counts what is under way. It is counted in eras, so that somebody can wait for all that is there now without a list of it. */

/** Those who came in between two calls of {@link Underway.settled}. */
export interface Era {
  count: number;
  /** Called once nobody of it, or of those before it, is left; `null`: it has not ended. */
  over: (() => void) | null;
  next: Era | null;
}

/** Who came in and has not left. */
export class Underway {
  #oldest: Era = { count: 0, over: null, next: null };
  #newest = this.#oldest;

  /** One came in; what is returned is given back when he leaves. */
  enter(): Era {
    this.#newest.count += 1;
    return this.#newest;
  }

  /** He leaves. */
  leave(era: Era): void {
    era.count -= 1;
    if (era.count === 0) this.#settle();
  }

  /** Resolves when all have left who are there now. */
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
