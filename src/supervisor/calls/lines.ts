/**
 * Keeps the order of each conversation. Who joins a line leaves it after all who joined before, whenever he is done.
 * Other conversations are not held up.
 */

/** One who stands in the line of a conversation. */
export class Place {
  readonly conversation: string;
  /** What he does when he leaves; `null`: he is not done. */
  go: (() => void) | null = null;
  before: Place | null = null;
  after: Place | null = null;

  constructor(conversation: string) {
    this.conversation = conversation;
  }

  /** Nobody stands before him any more, and he is not done. */
  becameFirst(): void {}
}

/** A line for each conversation that has somebody in it. */
export class Lines {
  readonly #last = new Map<string, Place>();
  #held = 0;

  /** Those who are done and wait for somebody before them. */
  get held(): number {
    return this.#held;
  }

  /** Whether somebody stands in the line of a conversation. */
  has(conversation: string): boolean {
    return this.#last.size > 0 && this.#last.has(conversation);
  }

  /** Takes the last place of a line. */
  join<P extends Place>(place: P): P {
    const before = this.#last.get(place.conversation);
    if (before) {
      place.before = before;
      before.after = place;
    }
    this.#last.set(place.conversation, place);
    return place;
  }

  /** He is done: he leaves now, and those behind him that are done with him; or he leaves with the last one before him. */
  leave(place: Place, go: () => void): void {
    place.go = go;
    if (place.before !== null) {
      this.#held += 1;
      return;
    }
    let first: Place | null = place;
    while (first?.go) {
      first.go();
      // Only now: who joins or is done meanwhile still stands behind him.
      const next: Place | null = first.after;
      if (next === null) this.#last.delete(first.conversation);
      else {
        next.before = null;
        if (next.go) this.#held -= 1;
      }
      first = next;
    }
    first?.becameFirst();
  }
}
