/**
 * A cursor over untrusted protobuf, which may be damaged or malicious. It never throws and keeps nothing, so one cursor can
 * read all messages of a kind.
 */

/** Types of fields, as they stand in the lower three bits of a tag. */
export const WIRE = { varint: 0, fixed64: 1, bytes: 2, group: 3, endGroup: 4, fixed32: 5 } as const;

const MAX_VARINT_BYTES = 10;
const MAX_TAG_BYTES = 5;
const MAX_LENGTH = 2 ** 31 - 1;
/** Groups within groups; proto3 has none, but an unknown field may be one. */
const MAX_DEPTH = 100;

/** The tag of a field. */
export function tagOf(field: number, type: number): number {
  return field * 8 + type;
}

/** Reads field by field. After invalid protobuf, `ok` is false and there are no more fields. */
export class ProtobufReader {
  bytes: Uint8Array = new Uint8Array(0);
  at = 0;
  /** Where the message ends that is being read. */
  end = 0;
  ok = true;
  #fieldsLeft = 0;

  /**
   * Begins with a message that stands from `at` to `end`.
   *
   * @param maxFields the most fields in it, including those of nested messages
   */
  begin(bytes: Uint8Array, at: number, end: number, maxFields: number): void {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
    this.ok = true;
    this.#fieldsLeft = maxFields;
  }

  /** The tag of the next field; 0: there is none, because the message ends here or is invalid. */
  next(): number {
    if (this.at >= this.end || !this.ok) return 0;
    if (this.#fieldsLeft-- <= 0) return this.#fail();
    const first = this.bytes[this.at] as number;
    if (first < 0x80) {
      this.at += 1;
      return first >= 8 ? first : this.#fail();
    }
    return this.#longTag();
  }

  /** The lower 32 bits of a number. */
  varint(): number {
    const first = this.at < this.end ? (this.bytes[this.at] as number) : 0xff;
    if (first >= 0x80) return this.#longVarint();
    this.at += 1;
    return first;
  }

  /** Whether a number is not 0. */
  bool(): boolean {
    let any = 0;
    for (let i = 0; i < MAX_VARINT_BYTES && this.at < this.end; i++) {
      const byte = this.bytes[this.at++] as number;
      any |= byte & 0x7f;
      if (byte < 0x80) return any !== 0;
    }
    return this.#fail() !== 0;
  }

  /** Where the 8 bytes of a number begin; they are stepped over. */
  fixed64(): number {
    return this.#step(8);
  }

  /** The 8 bytes of a number, rounded above 2^53. */
  fixed64Number(): number {
    const at = this.fixed64();
    return this.ok ? uint32At(this.bytes, at + 4) * 2 ** 32 + uint32At(this.bytes, at) : 0;
  }

  /** The length of what follows, which is not beyond the end. */
  length(): number {
    const before = this.at;
    const length = this.varint();
    // At most 31 bits: further bits of a fifth byte would be cut off.
    const isCut = this.at - before === MAX_TAG_BYTES && (this.bytes[this.at - 1] as number) > 0x07;
    if (isCut || length > MAX_LENGTH || this.at - before > MAX_TAG_BYTES || length > this.end - this.at)
      return this.#fail();
    return length;
  }

  /** Goes into a message; returns where the one around it ends, for {@link leave}. */
  enter(): number {
    const length = this.length();
    const outer = this.end;
    this.end = this.at + length;
    return outer;
  }

  /** Comes out of a message that was read to its end. */
  leave(outer: number): void {
    this.end = outer;
  }

  /** Steps over bytes; returns where they begin. */
  skipBytes(): number {
    return this.#step(this.length());
  }

  /** Steps over the field of this tag, whatever it is. */
  skip(tag: number): void {
    const type = tag & 7;
    if (type === WIRE.varint) this.bool();
    else if (type === WIRE.fixed64) this.#step(8);
    else if (type === WIRE.bytes) this.skipBytes();
    else if (type === WIRE.fixed32) this.#step(4);
    else if (type === WIRE.group) this.#skipGroup(tag >>> 3);
    else this.#fail();
  }

  #skipGroup(field: number): void {
    const open = [field];
    while (open.length > 0) {
      const tag = this.next();
      // A group has its own end mark; the end of the enclosing message does not end it.
      if (tag === 0 || open.length > MAX_DEPTH) this.#fail();
      if (!this.ok) return;
      if ((tag & 7) === WIRE.group) open.push(tag >>> 3);
      else if ((tag & 7) !== WIRE.endGroup) this.skip(tag);
      else if (open.pop() !== tag >>> 3) this.#fail();
    }
  }

  #longTag(): number {
    const before = this.at;
    const tag = this.varint();
    const last = this.bytes[this.at - 1] as number;
    if (!this.ok || this.at - before > MAX_TAG_BYTES || (this.at - before === MAX_TAG_BYTES && last > 0x0f)) {
      return this.#fail();
    }
    return tag >= 8 ? tag : this.#fail();
  }

  #longVarint(): number {
    let value = 0;
    for (let i = 0; i < MAX_VARINT_BYTES && this.at < this.end; i++) {
      const byte = this.bytes[this.at++] as number;
      if (i < 5) value |= (byte & 0x7f) << (7 * i);
      if (byte < 0x80) return value >>> 0;
    }
    return this.#fail();
  }

  #step(length: number): number {
    const at = this.at;
    if (length > this.end - at) return this.#fail();
    this.at = at + length;
    return at;
  }

  #fail(): 0 {
    this.ok = false;
    this.at = this.end;
    return 0;
  }
}

/** 4 bytes as a number, little-endian. */
export function uint32At(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)) >>>
    0
  );
}

/** The same as a signed number. */
export function int32At(bytes: Uint8Array, at: number): number {
  return uint32At(bytes, at) | 0;
}

/** 8 bytes as a number, little-endian. */
export function bigintAt(bytes: Uint8Array, at: number): bigint {
  const high = uint32At(bytes, at + 4);
  const low = uint32At(bytes, at);
  return high < 0x200000 ? BigInt(high * 0x100000000 + low) : (BigInt(high) << 32n) | BigInt(low);
}
