/**
 * The ids of the events of a connection that have no outcome yet. A set of bigints would be simpler, but each change of it
 * costs as much as all other work for an event: the garbage collector visits it again and again.
 */

const FEWEST = 64;
/** Spreads ids that are counted up, or that differ in their upper half only. */
const FACTOR = 0x9e3779b1;

/** One for a conversion: an id in halves of 32 bits. */
const id64 = new BigUint64Array(1);
const halves = new Int32Array(id64.buffer);

/** A table in which each id stands in its place, or in the first free one behind it. */
export class EventIds {
  #size = 0;
  #mask = FEWEST - 1;
  #one = new Int32Array(FEWEST);
  #other = new Int32Array(FEWEST);
  #isUsed = new Uint8Array(FEWEST);

  get size(): number {
    return this.#size;
  }

  has(id: bigint): boolean {
    return this.#isUsed[this.#find(id)] === 1;
  }

  /** @returns `false`: it is there already */
  add(id: bigint): boolean {
    if (2 * this.#size > this.#mask) this.#grow();
    const at = this.#find(id);
    if (this.#isUsed[at] === 1) return false;
    this.#one[at] = halves[0] as number;
    this.#other[at] = halves[1] as number;
    this.#isUsed[at] = 1;
    this.#size += 1;
    return true;
  }

  delete(id: bigint): void {
    let free = this.#find(id);
    if (this.#isUsed[free] === 0) return;
    this.#size -= 1;
    const mask = this.#mask;
    // The ids after it move up, so that each is still found without a gap from its place on.
    for (let at = (free + 1) & mask; this.#isUsed[at] === 1; at = (at + 1) & mask) {
      const place = this.#placeOf(this.#one[at] as number, this.#other[at] as number);
      if (((at - place) & mask) < ((at - free) & mask)) continue;
      this.#one[free] = this.#one[at] as number;
      this.#other[free] = this.#other[at] as number;
      free = at;
    }
    this.#isUsed[free] = 0;
  }

  /** Where it is, or would be; {@link halves} are its own then. */
  #find(id: bigint): number {
    id64[0] = id;
    const one = halves[0] as number;
    const other = halves[1] as number;
    let at = this.#placeOf(one, other);
    while (this.#isUsed[at] === 1 && (this.#one[at] !== one || this.#other[at] !== other)) at = (at + 1) & this.#mask;
    return at;
  }

  #placeOf(one: number, other: number): number {
    const mixed = Math.imul(one ^ Math.imul(other, FACTOR), FACTOR);
    return (mixed ^ (mixed >>> 15)) & this.#mask;
  }

  #grow(): void {
    const [one, other, isUsed] = [this.#one, this.#other, this.#isUsed];
    const length = 2 * isUsed.length;
    this.#mask = length - 1;
    this.#one = new Int32Array(length);
    this.#other = new Int32Array(length);
    this.#isUsed = new Uint8Array(length);
    for (let i = 0; i < isUsed.length; i++) {
      if (isUsed[i] === 0) continue;
      let at = this.#placeOf(one[i] as number, other[i] as number);
      while (this.#isUsed[at] === 1) at = (at + 1) & this.#mask;
      this.#one[at] = one[i] as number;
      this.#other[at] = other[i] as number;
      this.#isUsed[at] = 1;
    }
  }
}
