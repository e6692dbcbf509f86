/** A list of whole numbers that grows. */
export class Ints {
  length = 0;
  #data = new Int32Array(1024);

  at(index: number): number {
    return this.#data[index] as number;
  }

  push(value: number): void {
    this.#reserve(1);
    this.#data[this.length++] = value;
  }

  set(index: number, value: number): void {
    this.#data[index] = value;
  }

  /** Adds a copy of what stands from `from` to `end` in this list. */
  repeat(from: number, end: number): void {
    this.#reserve(end - from);
    this.#data.copyWithin(this.length, from, end);
    this.length += end - from;
  }

  #reserve(count: number): void {
    if (this.length + count <= this.#data.length) return;
    const larger = new Int32Array(Math.max(2 * this.#data.length, this.length + count));
    larger.set(this.#data);
    this.#data = larger;
  }
}
