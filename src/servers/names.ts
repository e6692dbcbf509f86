/** Which connection takes the sends for a server: of each name there is one. */

/** A connection that takes sends. */
export interface Taker {
  readonly instance: string;
  /** Its process has ended; a process that it forked holds the connection. */
  readonly isOrphaned: boolean;
  /** A newer connection of the same process takes them from now on. */
  yieldSends(): void;
  /** That one has gone, and this one takes them again. */
  resumeSends(): void;
  /** Ends it: another process takes the sends from now on. */
  giveUp(): void;
  /** Writes to its server to find out whether it is gone, even while nothing is read from it. */
  probe(): void;
}

/** The names of servers that take sends. */
export class Names {
  /** Of each name the connections of one instance, in the order in which they came. */
  readonly #all = new Map<string, Set<Taker>>();
  /** Which of them takes the sends. */
  readonly #holders = new Map<string, Taker>();

  /** @returns `false`: another process takes the sends for that name already */
  claim(name: string, taker: Taker): boolean {
    const holder = this.#holders.get(name);
    const isSame = holder !== undefined && holder.instance !== '' && holder.instance === taker.instance;
    if (isSame) holder.yieldSends();
    else if (!this.#clear(name)) return false;
    const takers = this.#all.get(name) ?? new Set();
    this.#all.set(name, takers.add(taker));
    this.#holders.set(name, taker);
    return true;
  }

  /** Looks whether who takes the sends for that name is still there; if not, it leaves in a moment. */
  probe(name: string): void {
    this.#holders.get(name)?.probe();
  }

  /** It takes them no more, and has none. Of the connections that yielded to it, the newest takes them again. */
  release(name: string, taker: Taker): void {
    const takers = this.#all.get(name);
    if (!takers?.delete(taker) || this.#holders.get(name) !== taker) return;
    const left = [...takers].reverse();
    const next = left.find(({ isOrphaned }) => !isOrphaned) ?? left[0];
    if (next) {
      this.#holders.set(name, next);
      next.resumeSends();
    } else {
      this.#holders.delete(name);
      this.#all.delete(name);
    }
  }

  /** @returns `false`: somebody is there whose process has not ended */
  #clear(name: string): boolean {
    const takers = [...(this.#all.get(name) ?? [])];
    if (takers.some(({ isOrphaned }) => !isOrphaned)) return false;
    // Yielded connections first, so that none of them takes the sends again.
    this.#all.delete(name);
    this.#holders.delete(name);
    for (const taker of takers) taker.giveUp();
    return true;
  }
}
