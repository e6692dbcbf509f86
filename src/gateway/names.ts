/** Which connection takes the sends for a server: of each name there is one. */

/** A connection that takes sends. */
export interface Taker {
  readonly instance: string;
  /** A newer connection of the same process takes them from now on. */
  yieldSends(): void;
  /** Writes to its server: so it shows whether that is gone, also where nothing of it is read at the moment. */
  probe(): void;
}

/** The names of servers that take sends. */
export class Names {
  readonly #takers = new Map<string, Taker>();

  /** @returns `false`: another process takes the sends for that name already */
  claim(name: string, taker: Taker): boolean {
    const holder = this.#takers.get(name);
    if (holder && (holder.instance === '' || holder.instance !== taker.instance)) return false;
    holder?.yieldSends();
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
