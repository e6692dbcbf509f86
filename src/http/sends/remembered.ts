/** Which sends a server was shown, and in which order: pure. */

/** The latest sends of one server; unfinished ones stay. */
export class RememberedSends {
  readonly #most: number;
  readonly #all = new Map<string, { place: number; isDue: boolean; isDone: boolean }>();
  #places = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** A send was shown; one that is shown again comes behind all that were shown before. */
  shown(sentId: string): void {
    const { isDone = false } = this.#all.get(sentId) ?? {};
    this.#all.delete(sentId);
    this.#all.set(sentId, { place: ++this.#places, isDue: false, isDone });
    if (this.#all.size <= this.#most) return;
    for (const [sentId, { isDone }] of this.#all) {
      if (!isDone) continue;
      this.#all.delete(sentId);
      return;
    }
  }

  /** It is to be shown again, so it does not count as read until then. */
  due(sentId: string): void {
    const one = this.#all.get(sentId);
    if (one) one.isDue = true;
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

  /** Whether a reader that has read up to a place has read a send too. */
  isRead(sentId: string, place: number): boolean {
    const one = this.#all.get(sentId);
    return one !== undefined && !one.isDue && one.place <= place;
  }
}
