/**
 * Reads an Event. Its content has the same encoding as what travels to a module. If it has the form that this core would write
 * itself, its bytes are checked and copied, and nothing is decoded.
 */

import Long from 'long';
import { CallEvent, type WireLogin } from '../../call-event.js';
import type { CallKind } from '../../event-kinds.js';
import { ADDRESS_MAX_BYTES, type WireParams } from '../../params.js';
import { bigintAt, tagOf, WIRE } from '../../protobuf.js';
import { varintBytes } from '../../room.js';
import { invalid, readingEvent } from '../frame-error.js';
import type { ServerEvent } from '../frames.js';
import {
  MAX_FIELDS,
  Parts,
  readAddress,
  readBytes,
  reader,
  readLong,
  readParams,
  readParamsToEnd,
  requireWhole,
  skipUnknown,
} from './reading.js';

const TAG = {
  frame: tagOf(2, WIRE.bytes),
  kinds: { message: tagOf(3, WIRE.bytes) },
  id: tagOf(1, WIRE.fixed64),
  trace: tagOf(2, WIRE.varint),
  message: { params: 0x0a, payload: 0x12 },
  params: { lastScalar: 0x59, to: 0x62, from: 0x6a },
  login: { flags: tagOf(1, WIRE.fixed64), online: tagOf(2, WIRE.fixed64), address: tagOf(3, WIRE.bytes) },
} as const;

const KINDS: Readonly<Record<number, CallKind>> = {
  [tagOf(3, WIRE.bytes)]: 'message',
  [tagOf(4, WIRE.bytes)]: 'status',
  [tagOf(5, WIRE.bytes)]: 'login',
  [tagOf(6, WIRE.bytes)]: 'call',
  [tagOf(7, WIRE.bytes)]: 'callStatus',
};
const LAST_FIELD = 7;
const ID_BYTES = 8;
const NOTHING = Buffer.alloc(0);

/**
 * Reads the frame from `start` to `end` if it is a message event in exactly the form that this build would write. Nearly all
 * are.
 *
 * @returns `null`: it is another frame, or has another form
 */
export function readUsualEvent(bytes: Buffer, start: number, end: number): ServerEvent | null {
  if (bytes[start] !== TAG.frame) return null;
  const length = usualLength(bytes, start + 1, end);
  const from = start + 1 + varintBytes(length);
  if (length < 0 || from + length !== end || bytes[from] !== TAG.id) return null;
  let at = from + 1 + ID_BYTES;
  const trace = bytes[at] === TAG.trace && bytes[at + 1] === 1;
  if (trace) at += 2;
  if (bytes[at] !== TAG.kinds.message) return null;
  const messageBytes = usualLength(bytes, at + 1, end);
  const messageAt = at + 1 + varintBytes(messageBytes);
  if (messageBytes < 0 || messageAt + messageBytes !== end) return null;
  const event = copyMessage(bytes, messageAt, end);
  return event && { kind: 'event', id: bigintAt(bytes, from + 1), trace, event };
}

/**
 * Reads the Event from `from` to `to`.
 *
 * @throws FrameError
 */
export function readEvent(bytes: Buffer, from: number, to: number): ServerEvent {
  reader.begin(bytes, from, to, MAX_FIELDS);
  let idAt = -1;
  let trace = false;
  let kind: CallKind | null = null;
  let isOfTwoKinds = false;
  let otherType = 0;
  const parts = new Parts(bytes);
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    const found = KINDS[tag];
    if (found !== undefined) {
      isOfTwoKinds ||= kind !== null && kind !== found;
      kind = found;
      parts.take();
    } else if (tag === TAG.id) {
      const at = reader.fixed64();
      if (reader.ok) idAt = at;
    } else if (tag === TAG.trace) trace = reader.bool();
    else {
      if (tag >>> 3 <= LAST_FIELD) otherType = tag;
      reader.skip(tag);
    }
  }
  const id = idAt < 0 ? null : bigintAt(bytes, idAt);
  requireWhole('the event', id);
  if (otherType !== 0) readingEvent(id, () => skipUnknown(otherType, 'the event', LAST_FIELD));
  if (isOfTwoKinds) invalid('the event is of two kinds, and must be of one', id);
  if (kind === null) invalid('the event is of no kind that this core knows', id);
  const { bytes: content, from: start, to: end } = parts.whole();
  const event = readCall(content, kind, start, end) ?? readingEvent(id, () => readOther(content, kind, start, end));
  return { kind: 'event', id: id ?? 0n, trace, event };
}

/** @returns `null` when it does not have the usual form */
function readCall(bytes: Buffer, kind: CallKind, from: number, to: number): CallEvent | null {
  if (kind === 'message') return copyMessage(bytes, from, to);
  if (kind !== 'status') return null;
  const addressBytes = usualParams(bytes, from, to);
  return addressBytes < 0 ? null : CallEvent.copy(kind, bytes, from, to, 0, addressBytes);
}

/** @returns `null` unless it has its parameters and then its payload, each in the shortest form */
function copyMessage(bytes: Buffer, from: number, to: number): CallEvent | null {
  if (bytes[from] !== TAG.message.params || to - from < 2) return null;
  const length = usualLength(bytes, from + 1, to);
  if (length < 0) return null;
  const start = from + 1 + varintBytes(length);
  const end = start + length;
  const addressBytes = usualParams(bytes, start, end);
  if (addressBytes < 0) return null;
  if (end === to) return CallEvent.copy('message', bytes, from, to, 0, addressBytes);
  if (bytes[end] !== TAG.message.payload) return null;
  const payloadBytes = usualLength(bytes, end + 1, to);
  if (payloadBytes <= 0 || end + 1 + varintBytes(payloadBytes) + payloadBytes !== to) return null;
  return CallEvent.copy('message', bytes, from, to, payloadBytes, addressBytes);
}

/** @returns how many bytes its addresses have; -1 unless it has only known fields, in order, each at most once */
function usualParams(bytes: Buffer, from: number, to: number): number {
  let addressBytes = 0;
  // A tag below 8 has the field 0, which no message has.
  let last = 7;
  let at = from;
  while (at < to) {
    const tag = bytes[at] as number;
    if (tag <= last) return -1;
    last = tag;
    if (tag <= TAG.params.lastScalar && (tag & 7) === WIRE.fixed64) {
      at += 9;
    } else if (tag === TAG.params.to || tag === TAG.params.from) {
      const length = usualLength(bytes, at + 1, to);
      if (length < 0 || length > ADDRESS_MAX_BYTES) return -1;
      at += 1 + varintBytes(length);
      const end = at + length;
      while (at < end) if (bytes[at++] === 0) return -1;
      addressBytes += length;
    } else return -1;
  }
  return at === to ? addressBytes : -1;
}

/** A length in the shortest form, of content that ends at `to` at the latest; -1: it is not. */
function usualLength(bytes: Buffer, from: number, to: number): number {
  let length = 0;
  let at = from;
  for (let shift = 0; shift < 28 && at < to; shift += 7) {
    const byte = bytes[at++] as number;
    length |= (byte & 0x7f) << shift;
    if (byte < 0x80) return at - from === varintBytes(length) && length <= to - at ? length : -1;
  }
  return -1;
}

/** @throws FrameError */
function readOther(bytes: Buffer, kind: CallKind, from: number, to: number): CallEvent {
  reader.begin(bytes, from, to, MAX_FIELDS);
  const event = readKind(bytes, kind);
  requireWhole('the event');
  return event;
}

function readKind(bytes: Buffer, kind: CallKind): CallEvent {
  if (kind === 'message') return readMessage(bytes);
  if (kind === 'login') return readLogin(bytes);
  if (kind !== 'status') return CallEvent.empty(kind);
  const params: WireParams = {};
  readParamsToEnd(bytes, params);
  return CallEvent.status(params);
}

function readMessage(bytes: Buffer): CallEvent {
  const params: WireParams = {};
  let payload: Uint8Array = NOTHING;
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === TAG.message.params) readParams(bytes, params);
    else if (tag === TAG.message.payload) payload = readBytes(bytes);
    else skipUnknown(tag, 'the message', 2);
  }
  return CallEvent.wireMessage(params, payload);
}

function readLogin(bytes: Buffer): CallEvent {
  const login: WireLogin = { address: NOTHING, online: Long.UZERO, flags: Long.UZERO };
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === TAG.login.flags) login.flags = readLong(bytes);
    else if (tag === TAG.login.online) login.online = readLong(bytes);
    else if (tag === TAG.login.address) login.address = readAddress(bytes, 'address');
    else skipUnknown(tag, 'the login', 3);
  }
  return CallEvent.login(login);
}
