/** Which sends a server was shown, in which order, and what it said of them: pure. */

/** What a server said of a send. */
export type SendEnd = 'acknowledged' | 'refused';

/** The last of one server; what it has not done with stays. */
export class RememberedSends {
  readonly #most: number;
  readonly #all = new Map<string, { place: number; end: SendEnd | null }>();
  #places = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** A send was shown; one that is shown again keeps its place. */
  shown(sentId: string): void {
    if (this.#all.has(sentId)) return;
    this.#all.set(sentId, { place: ++this.#places, end: null });
    if (this.#all.size <= this.#most) return;
    for (const [sentId, { end }] of this.#all) {
      if (end === null) continue;
      this.#all.delete(sentId);
      return;
    }
  }

  /** The server said that it has done with it. */
  ended(sentId: string, end: SendEnd): void {
    const one = this.#all.get(sentId);
    if (one) one.end = end;
  }

  /** What it said; `null`: nothing, or it is not remembered. */
  endOf(sentId: string): SendEnd | null {
    return this.#all.get(sentId)?.end ?? null;
  }

  /** Where it came among those that were shown; 0: it was not, or is not remembered. */
  placeOf(sentId: string): number {
    return this.#all.get(sentId)?.place ?? 0;
  }
}
