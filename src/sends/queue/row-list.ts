/** Things in a row, in the order of their places. Any of them leaves without a walk. */

/** An item of a row. It is in one row at most. */
export interface Listed<T extends Listed<T>> {
  /** Lower ones come first. It does not change while it is in a row. */
  readonly place: number;
  list: RowList<T> | null;
  before: T | null;
  after: T | null;
}

/** A row. */
export class RowList<T extends Listed<T>> {
  first: T | null = null;
  /** How many are in it. */
  size = 0;
  /** The latest item, or one beside it: most new items belong next to it. */
  #near: T | null = null;

  /** Takes one, behind all others of its place and lower ones. */
  insert(one: T): void {
    let before = this.#near;
    while (before !== null && before.place > one.place) before = before.before;
    let after = before === null ? this.first : before.after;
    while (after !== null && after.place <= one.place) [before, after] = [after, after.after];
    this.size += 1;
    one.list = this;
    one.before = before;
    one.after = after;
    if (before) before.after = one;
    else this.first = one;
    if (after) after.before = one;
    this.#near = one;
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
    if (this.#near === one) this.#near = before ?? after;
    one.list = null;
    one.before = null;
    one.after = null;
  }
}
