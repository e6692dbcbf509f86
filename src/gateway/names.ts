/** Which connection takes the sends for a server: of each name there is one. */

/** A connection that takes sends. */
export interface Taker {
  readonly instance: string;
  /** Its process has ended: what holds the connection is something that it has forked. */
  readonly isOrphaned: boolean;
  /** A newer connection of the same process takes them from now on. */
  yieldSends(): void;
  /** Ends it: another process takes the sends from now on. */
  giveUp(): void;
  /** Writes to its server: so it shows whether that is gone, also where nothing of it is read at the moment. */
  probe(): void;
}

/** The names of servers that take sends. */
export class Names {
  readonly #takers = new Map<string, Taker>();

  /** @returns `false`: another process takes the sends for that name already */
  claim(name: string, taker: Taker): boolean {
    const holder = this.#takers.get(name);
    const isSame = holder !== undefined && holder.instance !== '' && holder.instance === taker.instance;
    if (isSame) holder.yieldSends();
    else if (holder?.isOrphaned) holder.giveUp();
    else if (holder) return false;
    this.#takers.set(name, taker);
    return true;
  }

  /** Looks whether who takes the sends for that name is still there; if not, it leaves in a moment. */
  probe(name: string): void {
    this.#takers.get(name)?.probe();
  }

  /** It takes them no more. */
  release(name: string, taker: Taker): void {
    if (this.#takers.get(name) === taker) this.#takers.delete(name);
  }
}
