/** Messages on a byte stream: four bytes of length, the most significant first, then the message. */

const HEADER_BYTES = 4;
const FIRST_GROWTH_BYTES = 64 * 1024;
const NOTHING = Buffer.alloc(0);

/** Puts the length before a message; the two parts are written one behind the other. */
export function frameOf(message: Uint8Array): [header: Buffer, message: Uint8Array] {
  const header = Buffer.allocUnsafe(HEADER_BYTES);
  header.writeUInt32BE(message.length);
  return [header, message];
}

/** A length that the reader does not take; what follows on that stream can no longer be read. */
export class FrameTooLargeError extends Error {
  readonly length: number;

  constructor(length: number, limit: number) {
    super(`a message of ${length} bytes was announced, and ${limit} may come`);
    this.length = length;
  }
}

/**
 * Cuts a stream into messages, however it arrives. It holds what has arrived of one message and not what a header
 * promises, so that a peer pays for what it makes the reader hold.
 */
export class FrameReader {
  #limit: number;
  /** Arrived and not looked at yet. */
  #chunk: Buffer = NOTHING;
  /** The message under construction; `null` while its header is incomplete. */
  #partial: { length: number; bytes: Buffer; filled: number } | null = null;

  /** @param limit - the longest message that is taken, in bytes */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Takes another limit from the next header on. */
  allow(limit: number): void {
    this.#limit = limit;
  }

  /** What is held of messages that were not taken yet, in bytes. */
  get heldBytes(): number {
    return this.#chunk.length + (this.#partial?.bytes.length ?? 0);
  }

  /** Takes bytes that arrived; those before should be used up by {@link next}, else they are copied. */
  push(chunk: Buffer): void {
    this.#chunk = this.#chunk.length === 0 ? chunk : Buffer.concat([this.#chunk, chunk]);
  }

  /**
   * The next message: a view of the chunk that it arrived in, a copy when it came in several.
   *
   * @returns `null`: it is not complete yet
   * @throws FrameTooLargeError when its length is over the limit, each time from then on
   */
  next(): Buffer | null {
    if (this.#partial) return this.#complete(this.#partial);
    if (this.#chunk.length < HEADER_BYTES) return null;
    const length = this.#chunk.readUInt32BE(0);
    if (length > this.#limit) throw new FrameTooLargeError(length, this.#limit);
    const end = HEADER_BYTES + length;
    if (this.#chunk.length >= end) {
      const message = this.#chunk.subarray(HEADER_BYTES, end);
      this.#chunk = this.#chunk.subarray(end);
      return message;
    }
    const here = this.#chunk.subarray(HEADER_BYTES);
    this.#chunk = NOTHING;
    const bytes = Buffer.allocUnsafeSlow(Math.min(length, Math.max(FIRST_GROWTH_BYTES, here.length)));
    this.#partial = { length, bytes, filled: here.copy(bytes) };
    return null;
  }

  #complete(partial: { length: number; bytes: Buffer; filled: number }): Buffer | null {
    const used = Math.min(partial.length - partial.filled, this.#chunk.length);
    const filled = partial.filled + used;
    if (filled > partial.bytes.length) {
      const grown = Buffer.allocUnsafeSlow(Math.min(partial.length, Math.max(filled, 2 * partial.bytes.length)));
      partial.bytes.copy(grown, 0, 0, partial.filled);
      partial.bytes = grown;
    }
    this.#chunk.copy(partial.bytes, partial.filled, 0, used);
    this.#chunk = this.#chunk.subarray(used);
    partial.filled = filled;
    if (filled < partial.length) return null;
    this.#partial = null;
    return partial.bytes;
  }
}
