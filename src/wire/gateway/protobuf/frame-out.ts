/** Frames of protobuf that leave together, in one piece of memory. Each has its length before it. */

const HEADER_BYTES = 4;
const FIRST_BYTES = 64;
const NOTHING = Buffer.alloc(0);

/** Takes frames until they leave. */
export class FrameOut {
  bytes: Buffer = NOTHING;
  #used = 0;
  #expectedBytes = FIRST_BYTES;

  /** How many bytes wait to leave. */
  get length(): number {
    return this.#used;
  }

  /** Finds room for a frame of at most `length` bytes; returns where in {@link bytes} {@link begin} will have it begin. */
  reserve(length: number): number {
    const at = this.#used + HEADER_BYTES;
    if (at + length > this.bytes.length) this.#grow(this.#used, at + length);
    return at;
  }

  /** Writes the header of a frame of `length` bytes; returns where in {@link bytes} the frame itself is to be written. */
  begin(length: number): number {
    const start = this.#used;
    const at = this.reserve(length);
    this.#used = at + length;
    this.bytes[start] = length >>> 24;
    this.bytes[start + 1] = length >>> 16;
    this.bytes[start + 2] = length >>> 8;
    this.bytes[start + 3] = length;
    return at;
  }

  /** Adds a frame that is already encoded. */
  add(frame: Uint8Array): void {
    const at = this.begin(frame.length);
    this.bytes.set(frame, at);
  }

  /** All that waits to leave; it begins anew. */
  take(): Buffer {
    const taken = this.bytes.subarray(0, this.#used);
    // Next time there will be about as much.
    this.#expectedBytes = Math.min(Math.max(FIRST_BYTES, this.#used), 64 * 1024);
    this.bytes = NOTHING;
    this.#used = 0;
    return taken;
  }

  #grow(filled: number, needed: number): void {
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#expectedBytes, 2 * filled));
    this.bytes.copy(grown, 0, 0, filled);
    this.bytes = grown;
  }
}
