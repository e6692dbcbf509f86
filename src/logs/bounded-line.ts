/** Collects one line. Holds no more of it than is shown. */

import { textOf } from '../wire/utf8.js';

/** The longest line that is shown whole, in bytes; the core writes none of this length. */
export const LINE_MAX_BYTES = 1024 * 1024;

/** Collects the bytes of a line from either end. A line that is too long is cut after its beginning, and marked as cut. */
export class BoundedLine {
  #pieces: Buffer[] = [];
  #bytes = 0;

  get isEmpty(): boolean {
    return this.#bytes === 0;
  }

  /** Takes what follows; copied. */
  append(bytes: Buffer): void {
    if (bytes.length === 0 || this.#bytes > LINE_MAX_BYTES) return;
    this.#pieces.push(Buffer.from(bytes));
    this.#bytes += bytes.length;
  }

  /** Takes what comes before; not copied. */
  prepend(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#pieces.unshift(bytes);
    this.#bytes += bytes.length;
    for (let last = this.#pieces.at(-1); last; last = this.#pieces.at(-1)) {
      if (this.#bytes - last.length <= LINE_MAX_BYTES) return;
      this.#pieces.pop();
      this.#bytes -= last.length;
    }
  }

  /** Gives back the line and begins the next one. */
  take(): string {
    const text = textOf(Buffer.concat(this.#pieces), LINE_MAX_BYTES);
    const isCut = this.#bytes > LINE_MAX_BYTES;
    this.#pieces = [];
    this.#bytes = 0;
    return isCut ? `${text} [line cut]` : text;
  }
}
