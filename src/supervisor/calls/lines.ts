/**
 * Keeps the order of each conversation. A member leaves its line after all that joined earlier, even if it is done before them.
 * Other conversations are not held up.
 */

import type { Conversation } from './conversation.js';

const FIRST_SHELVES = 64;

/** One who stands in the line of a conversation. */
export abstract class Place {
  readonly conversation: Conversation;
  isDone = false;
  before: Place | null = null;
  after: Place | null = null;
  /** Of the last one in a line: the last one of another line on the same shelf. */
  nextOnShelf: Place | null = null;

  constructor(conversation: Conversation) {
    this.conversation = conversation;
  }

  /** What he does when he leaves, done and with nobody before him. */
  abstract go(nowMs: number): void;

  /** Nobody stands before him any more, and he is not done. */
  becameFirst(): void {}
}

/**
 * A line for each conversation that has a member. The last member of a line is found on a shelf, by the hash of the
 * conversation. All links are in the members themselves: a table that changes with every message would make much work for the
 * garbage collector.
 */
export class Lines {
  #shelves: (Place | null)[] = new Array(FIRST_SHELVES).fill(null);
  #count = 0;
  #held = 0;

  /** Those who are done and wait for somebody before them. */
  get held(): number {
    return this.#held;
  }

  /** Whether somebody stands in the line of a conversation. */
  has(conversation: Conversation): boolean {
    return this.last(conversation) !== null;
  }

  /** Who joined the line of a conversation last; `null`: nobody stands there. */
  last(conversation: Conversation): Place | null {
    return this.#count > 0 ? this.#lastOf(conversation) : null;
  }

  /** Takes the last place of a line. */
  join<P extends Place>(place: P): P {
    const before = this.#lastOf(place.conversation);
    if (before === null) {
      if (this.#count >= 2 * this.#shelves.length) this.#grow();
      this.#count += 1;
      this.#put(place);
    } else {
      place.before = before;
      before.after = place;
      this.#replace(before, place);
    }
    return place;
  }

  /**
   * Its holder is done. The first of a line leaves at once, with all behind it that are done too. Any other place stays until
   * those before it have left.
   */
  leave(place: Place, nowMs: number): void {
    place.isDone = true;
    if (place.before !== null) {
      this.#held += 1;
      return;
    }
    let first: Place | null = place;
    while (first?.isDone) {
      first.go(nowMs);
      // Only now: a member that joins or is done meanwhile still stands behind this one.
      const next: Place | null = first.after;
      if (next === null) {
        this.#count -= 1;
        this.#replace(first, null);
      } else {
        next.before = null;
        first.after = null;
        if (next.isDone) this.#held -= 1;
      }
      first = next;
    }
    first?.becameFirst();
  }

  #lastOf(conversation: Conversation): Place | null {
    let place = this.#shelves[conversation.hash & (this.#shelves.length - 1)] as Place | null;
    while (place !== null && !place.conversation.equals(conversation)) place = place.nextOnShelf;
    return place;
  }

  #put(place: Place): void {
    const shelf = place.conversation.hash & (this.#shelves.length - 1);
    place.nextOnShelf = this.#shelves[shelf] as Place | null;
    this.#shelves[shelf] = place;
  }

  /** Puts another last one in the place of one; `null`: the line is empty. */
  #replace(old: Place, next: Place | null): void {
    const rest = old.nextOnShelf;
    const link = next ?? rest;
    if (next !== null) next.nextOnShelf = rest;
    old.nextOnShelf = null;
    const shelf = old.conversation.hash & (this.#shelves.length - 1);
    let place = this.#shelves[shelf] as Place | null;
    if (place === old) {
      this.#shelves[shelf] = link;
      return;
    }
    while (place !== null && place.nextOnShelf !== old) place = place.nextOnShelf;
    if (place !== null) place.nextOnShelf = link;
  }

  #grow(): void {
    const old = this.#shelves;
    this.#shelves = new Array(2 * old.length).fill(null);
    for (const first of old) {
      for (let place = first; place !== null; ) {
        const next: Place | null = place.nextOnShelf;
        this.#put(place);
        place = next;
      }
    }
  }
}
