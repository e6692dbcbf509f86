/** Makes lines of output. A line is cut, however long it is, and so is their number. */

const MAX_LINE_BYTES = 4096;
const MAX_LINES = 100_000;
const LF = 10;

/** Takes bytes as they come. */
export class LineCutter {
  readonly #lines: string[] = [];
  #parts: Buffer[] = [];
  #length = 0;

  add(data: Buffer): void {
    for (let at = 0; at < data.length; ) {
      const end = data.indexOf(LF, at);
      this.#keep(data.subarray(at, end < 0 ? data.length : end));
      if (end < 0) return;
      this.#finish();
      at = end + 1;
    }
  }

  /** All lines, with a last one that has no end. */
  end(): string[] {
    if (this.#length > 0) this.#finish();
    return this.#lines;
  }

  #keep(bytes: Buffer): void {
    const room = MAX_LINE_BYTES - this.#length;
    if (room <= 0 || bytes.length === 0) return;
    const part = bytes.subarray(0, room);
    this.#parts.push(part);
    this.#length += part.length;
  }

  #finish(): void {
    if (this.#lines.length < MAX_LINES) this.#lines.push(Buffer.concat(this.#parts).toString('utf8'));
    this.#parts = [];
    this.#length = 0;
  }
}
