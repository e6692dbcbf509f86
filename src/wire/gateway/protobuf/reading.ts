/** What readers of protobuf frames share: one cursor, and the fields of parameters. Nothing in a frame is trusted. */

import { isUtf8 } from 'node:buffer';
import Long from 'long';
import { SCALARS, type WireParams } from '../../params.js';
import { bigintAt, int32At, ProtobufReader, tagOf, WIRE } from '../../protobuf.js';
import { checkAddress } from '../addresses.js';
import { invalid } from '../frame-error.js';
import { MAX_TEXT_BYTES } from '../frames.js';

/** The most fields in one frame, including those of nested messages. The sent ids of an Ack do not count. */
export const MAX_FIELDS = 1024;

const TO = tagOf(12, WIRE.bytes);
const FROM = tagOf(13, WIRE.bytes);

/** The one cursor of all frames. */
export const reader = new ProtobufReader();

/** @throws FrameError when the cursor met invalid protobuf */
export function requireWhole(what: string, eventId: bigint | null = null): void {
  if (!reader.ok) invalid(`${what} is not a protobuf of gateway.proto, or has more than ${MAX_FIELDS} fields`, eventId);
}

/** A message in a field. When the field comes again, its messages are merged, as protobuf requires: all are read in a row. */
export class Parts {
  readonly #bytes: Buffer;
  #first: { bytes: Buffer; from: number; to: number };
  #more: Buffer[] | null = null;

  /** @param bytes - the frame that the cursor is in */
  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#first = { bytes, from: 0, to: 0 };
  }

  /** Takes the message that the cursor is before. */
  take(): void {
    const from = reader.skipBytes();
    const to = reader.at;
    if (this.#more !== null) this.#more.push(this.#bytes.subarray(from, to));
    else if (this.#first.from === 0) this.#first = { bytes: this.#bytes, from, to };
    else this.#more = [this.#bytes.subarray(this.#first.from, this.#first.to), this.#bytes.subarray(from, to)];
  }

  /** Where the message stands. */
  whole(): { bytes: Buffer; from: number; to: number } {
    if (this.#more === null) return this.#first;
    const bytes = Buffer.concat(this.#more);
    return { bytes, from: 0, to: bytes.length };
  }
}

/** A 64-bit number. */
export function readFixed64(): bigint {
  const at = reader.fixed64();
  return reader.ok ? bigintAt(reader.bytes, at) : 0n;
}

/**
 * Steps over a field that is not known.
 *
 * @param known - the last field that the message has in gateway.proto
 * @throws FrameError for a known field of another wire type, which would otherwise count as left out
 */
export function skipUnknown(tag: number, what: string, known: number): void {
  if (tag >>> 3 <= known)
    invalid(`field ${tag >>> 3} of ${what} has the wire type ${tag & 7}, and another in gateway.proto`);
  reader.skip(tag);
}

/** A view of bytes. */
export function readBytes(bytes: Buffer): Buffer {
  const at = reader.skipBytes();
  return bytes.subarray(at, reader.at);
}

/** @throws FrameError for text that is too long or no UTF-8 */
export function readText(bytes: Buffer, field: string): string {
  const text = readBytes(bytes);
  if (text.length > MAX_TEXT_BYTES) invalid(`${field} has ${text.length} bytes, and ${MAX_TEXT_BYTES} are allowed`);
  if (!isUtf8(text)) invalid(`${field} is not UTF-8`);
  return text.toString('utf8');
}

/**
 * Parameters, merged into the earlier ones, as protobuf requires. Addresses are views.
 *
 * @throws FrameError for an address that cannot be one
 */
export function readParams(bytes: Buffer, into: WireParams): WireParams {
  const outer = reader.enter();
  readParamsToEnd(bytes, into);
  reader.leave(outer);
  return into;
}

/** The same of the message that the cursor is in. */
export function readParamsToEnd(bytes: Buffer, into: WireParams): void {
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    const scalar = (tag & 7) === WIRE.fixed64 ? SCALARS[(tag >>> 3) - 1] : undefined;
    if (scalar !== undefined) readScalar(bytes, into, scalar);
    else if (tag === TO) into.to = readAddress(bytes, 'to');
    else if (tag === FROM) into.from = readAddress(bytes, 'from');
    else skipUnknown(tag, 'the params', FROM >>> 3);
  }
}

/** A view of the bytes of an address. @throws FrameError for one that cannot be one */
export function readAddress(bytes: Buffer, field: string): Buffer {
  const address = readBytes(bytes);
  checkAddress(field, address);
  return address;
}

/** A 64-bit number in the form of protobufjs. */
export function readLong(bytes: Buffer): Long {
  const at = reader.fixed64();
  return reader.ok ? new Long(int32At(bytes, at), int32At(bytes, at + 4), true) : Long.UZERO;
}

function readScalar(bytes: Buffer, into: WireParams, scalar: (typeof SCALARS)[number]): void {
  into[scalar] = readLong(bytes);
}
