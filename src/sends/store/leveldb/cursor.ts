/** Reads the numbers and strings in LevelDB's files, one after the other. */

import { Damage } from './damage.js';

/** A part of a buffer. What goes beyond its end is damaged. */
export class Cursor {
  readonly #bytes: Buffer;
  readonly #end: number;
  at: number;

  constructor(bytes: Buffer, at = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.at = at;
    this.#end = end;
  }

  get isAtEnd(): boolean {
    return this.at >= this.#end;
  }

  byte(): number {
    this.#need(1);
    return this.#bytes[this.at++] as number;
  }

  uint32(): number {
    this.#need(4);
    this.at += 4;
    return this.#bytes.readUInt32LE(this.at - 4);
  }

  /** The number of a write. It has 56 bits in a key and 64 in a log; of those 53 are ever used. */
  sequence(length: 7 | 8): number {
    this.#need(length);
    const low = this.#bytes.readUIntLE(this.at, 6);
    const high = length === 7 ? this.#bytes[this.at + 6] : this.#bytes.readUInt16LE(this.at + 6);
    this.at += length;
    return low + (high as number) * 2 ** 48;
  }

  varint(): number {
    let value = 0;
    for (let weight = 1; weight < 2 ** 64; weight *= 128) {
      const byte = this.byte();
      value += (byte & 127) * weight;
      if (byte < 128) return value;
    }
    throw new Damage('has a number that is none');
  }

  /** So many bytes of the buffer itself. */
  bytes(length: number): Buffer {
    this.#need(length);
    this.at += length;
    return this.#bytes.subarray(this.at - length, this.at);
  }

  /** A string behind its length. */
  string(): Buffer {
    return this.bytes(this.varint());
  }

  #need(length: number): void {
    if (length > this.#end - this.at) throw new Damage('ends too early');
  }
}
