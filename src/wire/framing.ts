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
    super(`a message of ${length} bytes was announced; the limit is ${limit}`);
    this.length = length;
  }
}

/**
 * Cuts a stream into messages. It only holds what has really arrived of a message, never the size that a header announces. So a
 * peer must send what it wants the reader to hold.
 */
export class FrameReader {
  #limit: number;
  /** Arrived; what stands before `#at` was taken. */
  #chunk: Buffer = NOTHING;
  #at = 0;
  /** Where the message stands that {@link step} has found; meaningless when it has found none. */
  bytes: Buffer = NOTHING;
  from = 0;
  to = 0;
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
    return this.#chunk.length - this.#at + (this.#partial?.bytes.length ?? 0);
  }

  /** Takes bytes that arrived; those before should be used up by {@link next}, else they are copied. */
  push(chunk: Buffer): void {
    this.#chunk = this.#isUsedUp ? chunk : Buffer.concat([this.#chunk.subarray(this.#at), chunk]);
    this.#at = 0;
  }

  /**
   * The next message: a view of the chunk that it arrived in, a copy when it came in several.
   *
   * @returns `null`: it is not complete yet
   * @throws FrameTooLargeError when its length is over the limit, each time from then on
   */
  next(): Buffer | null {
    return this.step() ? this.message : null;
  }

  /** What {@link step} has found, as a view. */
  get message(): Buffer {
    return this.bytes.subarray(this.from, this.to);
  }

  /**
   * Goes on to the next message without making a view of it, for streams of many messages. Otherwise as {@link next}.
   *
   * @returns `false`: it is not complete yet
   */
  step(): boolean {
    if (this.#partial) return this.#complete(this.#partial);
    const start = this.#at + HEADER_BYTES;
    if (start > this.#chunk.length) return this.#none();
    const length = this.#chunk.readUInt32BE(this.#at);
    if (length > this.#limit) throw new FrameTooLargeError(length, this.#limit);
    const end = start + length;
    if (this.#chunk.length >= end) {
      this.#found(this.#chunk, start, end);
      this.#use(end);
      return true;
    }
    const here = this.#chunk.subarray(start);
    this.#use(this.#chunk.length);
    const bytes = Buffer.allocUnsafeSlow(Math.min(length, Math.max(FIRST_GROWTH_BYTES, here.length)));
    this.#partial = { length, bytes, filled: here.copy(bytes) };
    return this.#none();
  }

  #found(bytes: Buffer, from: number, to: number): void {
    this.bytes = bytes;
    this.from = from;
    this.to = to;
  }

  /** What was found before is not held. */
  #none(): false {
    this.#found(NOTHING, 0, 0);
    return false;
  }

  get #isUsedUp(): boolean {
    return this.#at === this.#chunk.length;
  }

  /** What stands before that place is taken. A chunk that is used up is not held. */
  #use(end: number): void {
    this.#at = end;
    if (!this.#isUsedUp) return;
    this.#chunk = NOTHING;
    this.#at = 0;
  }

  #complete(partial: { length: number; bytes: Buffer; filled: number }): boolean {
    const used = Math.min(partial.length - partial.filled, this.#chunk.length - this.#at);
    const filled = partial.filled + used;
    if (filled > partial.bytes.length) {
      const grown = Buffer.allocUnsafeSlow(Math.min(partial.length, Math.max(filled, 2 * partial.bytes.length)));
      partial.bytes.copy(grown, 0, 0, partial.filled);
      partial.bytes = grown;
    }
    this.#chunk.copy(partial.bytes, partial.filled, this.#at, this.#at + used);
    this.#use(this.#at + used);
    partial.filled = filled;
    if (filled < partial.length) return this.#none();
    this.#partial = null;
    this.#found(partial.bytes, 0, filled);
    return true;
  }
}
