/**
 * Memory for small encoded things, and the encoding of integers in them. Many share one piece of memory, because an object for
 * each would cost more than the bytes. Bytes are never written twice.
 */

/** The size of a piece. Keeping one small thing keeps this much memory. */
const CHUNK_BYTES = 16 * 1024;
/** Larger things get their own memory. */
const SMALL_BYTES = CHUNK_BYTES / 4;

let chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
let used = 0;

/** Bytes to be written to, from `at` on. */
export interface Room {
  bytes: Buffer;
  at: number;
}

const room: Room = { bytes: chunk, at: 0 };

/**
 * Finds room for `length` bytes. The same object is returned each time; what was written counts only after {@link keep}.
 */
export function reserve(length: number): Room {
  if (length > SMALL_BYTES) {
    room.bytes = Buffer.allocUnsafeSlow(length);
    room.at = 0;
    return room;
  }
  if (used + length > CHUNK_BYTES) {
    chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
    used = 0;
  }
  room.bytes = chunk;
  room.at = used;
  return room;
}

/** Whether small things of others stand in the same memory, or may. */
export function isShared(bytes: Buffer): boolean {
  return bytes.length === CHUNK_BYTES;
}

/** Keeps what was written since {@link reserve}, up to `end`. */
export function keep(bytes: Buffer, end: number): void {
  if (bytes === chunk) used = end;
}

/** How many bytes a varint has. */
export function varintBytes(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x200000) return 3;
  return value < 0x10000000 ? 4 : 5;
}

/** Writes an unsigned integer of at most 32 bits as a varint; returns where it ends. */
export function writeVarint(out: Uint8Array, at: number, value: number): number {
  let rest = value;
  let end = at;
  while (rest > 0x7f) {
    out[end++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  out[end++] = rest;
  return end;
}

/** Writes 64 bits, given in two halves of 32; returns where they end. */
export function writeFixed64(out: Uint8Array, at: number, low: number, high: number): number {
  out[at] = low;
  out[at + 1] = low >>> 8;
  out[at + 2] = low >>> 16;
  out[at + 3] = low >>> 24;
  out[at + 4] = high;
  out[at + 5] = high >>> 8;
  out[at + 6] = high >>> 16;
  out[at + 7] = high >>> 24;
  return at + 8;
}
