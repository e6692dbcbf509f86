/** Things in a row. Any of them leaves without a walk. */

/** What can be in a row, of which there is one at most at a time. */
export interface Listed<T extends Listed<T>> {
  list: RowList<T> | null;
  before: T | null;
  after: T | null;
}

/** A row. */
export class RowList<T extends Listed<T>> {
  first: T | null = null;
  /** How many are in it. */
  size = 0;
  #last: T | null = null;

  /** Takes one behind all others. */
  push(one: T): void {
    this.size += 1;
    one.list = this;
    one.before = this.#last;
    if (this.#last) this.#last.after = one;
    else this.first = one;
    this.#last = one;
  }

  /** Takes one before all others. */
  unshift(one: T): void {
    this.size += 1;
    one.list = this;
    one.after = this.first;
    if (this.first) this.first.before = one;
    else this.#last = one;
    this.first = one;
  }

  /** Those in it. None may leave meanwhile. */
  *[Symbol.iterator](): Generator<T> {
    for (let one = this.first; one !== null; one = one.after) yield one;
  }

  /** Lets one go that is in it. */
  remove(one: T): void {
    this.size -= 1;
    const { before, after } = one;
    if (before) before.after = after;
    else this.first = after;
    if (after) after.before = before;
    else this.#last = before;
    one.list = null;
    one.before = null;
    one.after = null;
  }
}
