/** What became of finished sends, for each module and for all. Pure. */

/** How one has ended. */
export type SendEnd = 'delivered' | 'refused' | 'expired' | 'consumed';

/** How many have ended in each way. */
export type SendEnds = Record<SendEnd, number>;

/** Counters that only grow, since the core began. */
export class SendCounts {
  readonly #all = none();
  readonly #byModule = new Map<string, SendEnds>();

  /** Counts one more. */
  count(module: string, end: SendEnd): void {
    this.#all[end] += 1;
    const own = this.#byModule.get(module) ?? none();
    own[end] += 1;
    this.#byModule.set(module, own);
  }

  /** Of all modules, including those that are no longer configured. */
  get all(): Readonly<SendEnds> {
    return this.#all;
  }

  of(module: string): Readonly<SendEnds> {
    return this.#byModule.get(module) ?? none();
  }
}

function none(): SendEnds {
  return { delivered: 0, refused: 0, expired: 0, consumed: 0 };
}
