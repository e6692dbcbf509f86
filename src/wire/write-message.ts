/** Writes a message into bytes that it travels in, checked. */

import { ADDRESS_MAX_BYTES, type MessageParamsInput, split, toAddress } from './params.js';
import { varintBytes, writeFixed64, writeVarint } from './room.js';

/** Tags of the fields of Message, and of the addresses in Params. */
const TAG = { params: 0x0a, payload: 0x12, to: 0x62, from: 0x6a } as const;
/** Eleven of them, each with its tag. */
const SCALARS_BYTES = 11 * 9;
/** A tag and the length of what follows. */
const HEADER_BYTES = 6;

/** Where a message stands. */
export interface Written {
  at: number;
  end: number;
  /** Of its addresses. */
  addressBytes: number;
}

/** The one object of all calls of {@link writeMessage}. */
const written: Written = { at: 0, end: 0, addressBytes: 0 };

/** The most bytes that {@link writeMessage} needs. */
export function messageBound({ to, from }: MessageParamsInput, payload: Uint8Array): number {
  return SCALARS_BYTES + addressBound(to) + addressBound(from) + 2 * HEADER_BYTES + payload.length;
}

/**
 * Writes a message somewhere behind `start`. The same object is returned each time: this is on the way of every message.
 *
 * @throws {MessageError} as `toWireParams`
 */
export function writeMessage(bytes: Buffer, start: number, input: MessageParamsInput, payload: Uint8Array): Written {
  const { to, from } = input;
  const paramsAt = start + HEADER_BYTES;
  const addressesAt = writeScalars(bytes, paramsAt, input);
  let at = addressesAt;
  if (to != null) at = writeAddress(bytes, at, TAG.to, 'to', to);
  const toEnd = at;
  if (from != null) at = writeAddress(bytes, at, TAG.from, 'from', from);
  const paramsBytes = at - paramsAt;
  written.addressBytes = 0;
  if (to != null) written.addressBytes += contentBytes(toEnd - addressesAt);
  if (from != null) written.addressBytes += contentBytes(at - toEnd);
  written.end = writePayload(bytes, at, payload);
  // The length stands right before what it is of: how long itself is shows only now.
  written.at = paramsAt - 1 - varintBytes(paramsBytes);
  bytes[written.at] = TAG.params;
  writeVarint(bytes, written.at + 1, paramsBytes);
  return written;
}

/** The most that an address can take; one that is too long is refused before it is written. */
function addressBound(address: string | null | undefined): number {
  return address == null ? 0 : HEADER_BYTES + Math.min(3 * address.length, ADDRESS_MAX_BYTES);
}

/** How many of the bytes of a field are its content. */
function contentBytes(fieldBytes: number): number {
  const rest = fieldBytes - 2;
  if (rest < 0x80) return rest;
  return rest - 1 < 0x4000 ? rest - 1 : rest - 2;
}

/** In the order of their numbers, as the generated code has them. What is 0 is left out. */
function writeScalars(out: Buffer, from: number, input: MessageParamsInput): number {
  let at = from;
  at = writeScalar(out, at, 0x09, 'aid', input.aid);
  at = writeScalar(out, at, 0x11, 'id', input.id);
  at = writeScalar(out, at, 0x19, 'refid', input.refid);
  at = writeScalar(out, at, 0x21, 'groupid', input.groupid);
  at = writeScalar(out, at, 0x29, 'flags', input.flags);
  at = writeScalar(out, at, 0x31, 'type', input.type);
  at = writeScalar(out, at, 0x39, 'expiry', input.expiry);
  at = writeScalar(out, at, 0x41, 'uflags', input.uflags);
  at = writeScalar(out, at, 0x49, 'status', input.status);
  at = writeScalar(out, at, 0x51, 'sid', input.sid);
  return writeScalar(out, at, 0x59, 'device', input.device);
}

function writeScalar(out: Buffer, at: number, tag: number, field: string, value: bigint | number | undefined): number {
  if (value === undefined || value === 0) return at;
  const { low, high } = split(field, value);
  if (low === 0 && high === 0) return at;
  out[at] = tag;
  return writeFixed64(out, at + 1, low, high);
}

/** Most addresses are short and plain: their characters are their bytes. */
function writeAddress(out: Buffer, from: number, tag: number, field: string, value: string): number {
  const { length } = value;
  out[from] = tag;
  if (typeof value === 'string' && length < 0x80) {
    out[from + 1] = length;
    let at = from + 2;
    let i = 0;
    for (; i < length; i++) {
      const code = value.charCodeAt(i);
      if (code === 0 || code > 0x7f) break;
      out[at++] = code;
    }
    if (i === length) return at;
  }
  const bytes = toAddress(field, value);
  const at = writeVarint(out, from + 1, bytes.length);
  out.set(bytes, at);
  return at + bytes.length;
}

/** The field of a payload; an empty one is left out. */
export function writePayload(out: Buffer, from: number, payload: Uint8Array): number {
  if (payload.length === 0) return from;
  out[from] = TAG.payload;
  const at = writeVarint(out, from + 1, payload.length);
  out.set(payload, at);
  return at + payload.length;
}
