/** Which sends a server was shown, and in which order: pure. */

/** The last of one server; what it has not done with stays. */
export class RememberedSends {
  readonly #most: number;
  readonly #all = new Map<string, { place: number; isDone: boolean }>();
  #places = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** A send was shown; one that is shown again keeps its place. */
  shown(sentId: string): void {
    if (this.#all.has(sentId)) return;
    this.#all.set(sentId, { place: ++this.#places, isDone: false });
    if (this.#all.size <= this.#most) return;
    for (const [sentId, { isDone }] of this.#all) {
      if (!isDone) continue;
      this.#all.delete(sentId);
      return;
    }
  }

  /** It does not wait any more. */
  done(sentId: string): void {
    const one = this.#all.get(sentId);
    if (one) one.isDone = true;
  }

  /** Where it came among those that were shown; 0: it was not, or is not remembered. */
  placeOf(sentId: string): number {
    return this.#all.get(sentId)?.place ?? 0;
  }
}
