/** Cuts a stream into lines, however it arrives. */

import { FrameError } from '../frame-error.js';

const FIRST_GROWTH_BYTES = 64 * 1024;
const NOTHING = Buffer.alloc(0);
const LF = 0x0a;
const CR = 0x0d;

/** It holds what has arrived of one line, and never more than a line may have. */
export class LineReader {
  readonly #limit: number;
  /** Arrived and not looked at yet. */
  #chunk: Buffer = NOTHING;
  /** The beginning of a line that came in several chunks. */
  #partial: Buffer = NOTHING;
  #filled = 0;

  /** @param limit - the longest line that is taken, in bytes, without its end */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** What is held of lines that were not taken yet, in bytes. */
  get heldBytes(): number {
    return this.#chunk.length + this.#partial.length;
  }

  /** Takes bytes that arrived; those before should be used up by {@link next}, else they are copied. */
  push(chunk: Buffer): void {
    this.#chunk = this.#chunk.length === 0 ? chunk : Buffer.concat([this.#chunk, chunk]);
  }

  /**
   * The next line that is not empty, without its end.
   *
   * @returns `null`: it is not complete yet
   * @throws FrameError when it is longer than the limit; what follows cannot be read
   */
  next(): Buffer | null {
    for (;;) {
      const end = this.#chunk.indexOf(LF);
      const here = end < 0 ? this.#chunk : this.#chunk.subarray(0, end);
      if (this.#filled + here.length > this.#limit + 1) {
        throw new FrameError('FRAME_INVALID', `a line has more than ${this.#limit} bytes`, {
          isLast: true,
        });
      }
      this.#chunk = end < 0 ? NOTHING : this.#chunk.subarray(end + 1);
      if (end < 0) {
        this.#hold(here);
        return null;
      }
      const line = withoutReturn(this.#join(here));
      if (line.length > 0) return line;
    }
  }

  /** What follows the last end of a line, once nothing more comes; `null`: nothing. */
  rest(): Buffer | null {
    const rest = withoutReturn(this.#join(NOTHING));
    return rest.length > 0 ? rest : null;
  }

  #join(rest: Buffer): Buffer {
    if (this.#filled === 0) return rest;
    this.#hold(rest);
    const line = this.#partial.subarray(0, this.#filled);
    this.#partial = NOTHING;
    this.#filled = 0;
    return line;
  }

  #hold(bytes: Buffer): void {
    const filled = this.#filled + bytes.length;
    if (filled > this.#partial.length) {
      const grown = Buffer.allocUnsafeSlow(
        Math.max(
          filled,
          Math.min(2 * filled, FIRST_GROWTH_BYTES, this.#limit + 1),
          Math.min(2 * this.#partial.length, this.#limit + 1),
        ),
      );
      this.#partial.copy(grown, 0, 0, this.#filled);
      this.#partial = grown;
    }
    bytes.copy(this.#partial, this.#filled);
    this.#filled = filled;
  }
}

function withoutReturn(line: Buffer): Buffer {
  return line[line.length - 1] === CR ? line.subarray(0, -1) : line;
}
