/**
 * An event on its way through the chain, encoded as it travels. It is encoded once where it comes in, and copied from there
 * into each Batch. What no module changes is never decoded.
 */

import Long from 'long';
import { decodeLogin, decodeParams, encodeLogin, encodeParams } from './codec.js';
import { type CallKind, EVENT_KINDS, type Lane } from './event-kinds.js';
import type { MessageParamsInput, WireParams } from './params.js';
import { int32At } from './protobuf.js';
import { isShared, keep, reserve, varintBytes, writeVarint } from './room.js';
import { messageBound, writeMessage, writePayload } from './write-message.js';

/** What a user who logged in has on the wire. */
export interface WireLogin {
  address: Uint8Array;
  online: Long;
  flags: Long;
}

/** Who talks: what a conversation is known by. */
export interface Parties {
  /** The id of the group, in halves of 32 bits; 0: none. */
  low: number;
  high: number;
  to: string | null;
  from: string | null;
}

/** The one object of all calls of {@link CallEvent.parties}. */
const parties: Parties = { low: 0, high: 0, to: null, from: null };

/** Tags of a field of Message, and of some in Params. */
const TAG = { params: 0x0a, groupid: 0x21, lastScalar: 0x59, to: 0x62, from: 0x6a } as const;
/** Its tag, and 8 bytes. */
const SCALAR_BYTES = 9;
/** A tag and the length of what follows. */
const HEADER_BYTES = 6;
const EMPTY = Buffer.alloc(0);
/** One event: what stands in its field of Call. */
export class CallEvent {
  readonly kind: CallKind;
  readonly bytes: Buffer;
  readonly at: number;
  readonly length: number;
  readonly payloadBytes: number;
  /** The bytes that count where memory is bounded: its payload and its addresses. */
  readonly heldBytes: number;

  constructor(kind: CallKind, bytes: Buffer, at: number, length: number, payloadBytes: number, addressBytes: number) {
    this.kind = kind;
    this.bytes = bytes;
    this.at = at;
    this.length = length;
    this.payloadBytes = payloadBytes;
    this.heldBytes = payloadBytes + addressBytes;
  }

  get lane(): Lane {
    return this.kind === 'message' ? 'message' : 'notification';
  }

  /** The callback that it is for. */
  get callback() {
    return EVENT_KINDS[this.kind].callback;
  }

  /** Whether its bytes share no memory with others. */
  get isAlone(): boolean {
    return !isShared(this.bytes);
  }

  /** The payload of a message: a view. */
  get payload(): Buffer {
    return this.bytes.subarray(this.payloadAt, this.payloadAt + this.payloadBytes);
  }

  /** Where the payload of a message begins in {@link bytes}. */
  get payloadAt(): number {
    return this.at + this.length - this.payloadBytes;
  }

  /** How many bytes stand before the field of the payload. */
  get headBytes(): number {
    if (this.payloadBytes === 0) return this.length;
    return this.length - this.payloadBytes - varintBytes(this.payloadBytes) - 1;
  }

  /** The parameters of a message or a status, decoded each time. */
  get params(): WireParams {
    const { from, to } = this.paramsAt();
    return decodeParams(this.bytes.subarray(from, to));
  }

  /**
   * Who talks, for a message or a status. The same object is returned each time, because every message needs this. Fields that
   * are 0 may be missing; the others are in the order of their numbers. In a group the addresses do not matter.
   */
  parties(encoding: 'utf8' | 'latin1'): Parties {
    const { bytes } = this;
    const { from, to } = this.paramsAt();
    parties.low = parties.high = 0;
    parties.to = parties.from = null;
    for (let at = from; at < to; ) {
      const tag = bytes[at] as number;
      if (tag > TAG.lastScalar) {
        const length = lengthAt(bytes, at + 1);
        const start = at + 1 + varintBytes(length);
        at = start + length;
        const text = bytes.toString(encoding, start, at);
        if (tag === TAG.to) parties.to = text;
        else parties.from = text;
        continue;
      }
      if (tag === TAG.groupid) {
        parties.low = int32At(bytes, at + 1);
        parties.high = int32At(bytes, at + 5);
        if (parties.low !== 0 || parties.high !== 0) return parties;
      }
      at += SCALAR_BYTES;
    }
    return parties;
  }

  /** What a login says, decoded each time. */
  get login(): WireLogin {
    const { address, online, flags } = decodeLogin(this.bytes.subarray(this.at, this.at + this.length));
    return { address: address ?? EMPTY, online: online ?? Long.UZERO, flags: flags ?? Long.UZERO };
  }

  /** The event with what a module changed in it; `null`: nothing. */
  with(params: WireParams | null, payload: Uint8Array | null): CallEvent {
    if (this.kind === 'status') return params ? CallEvent.status(params) : this;
    if (this.kind !== 'message' || !(params || payload)) return this;
    const { from, to } = this.paramsAt();
    const encoded = params ? encodeParams(params) : this.bytes.subarray(from, to);
    const addressBytes = params ? addressBytesOf(params) : this.heldBytes - this.payloadBytes;
    return joinMessage(encoded, payload ?? this.payload, addressBytes);
  }

  /** Where its parameters stand in {@link bytes}; nowhere for an event that has none. */
  paramsAt(): { from: number; to: number } {
    if (this.kind === 'status') return { from: this.at, to: this.at + this.length };
    if (this.kind !== 'message') return { from: 0, to: 0 };
    const length = lengthAt(this.bytes, this.at + 1);
    const from = this.at + 1 + varintBytes(length);
    return { from, to: from + length };
  }

  /**
   * A message, copied and checked.
   *
   * @throws {MessageError} as `toWireParams`
   */
  static message(input: MessageParamsInput, payload: Uint8Array): CallEvent {
    const { bytes, at: start } = reserve(messageBound(input, payload));
    const { at, end, addressBytes } = writeMessage(bytes, start, input, payload);
    keep(bytes, end);
    return new CallEvent('message', bytes, at, end - at, payload.length, addressBytes);
  }

  /**
   * A message or a status that is already in the form that {@link message} and {@link status} write. It is copied as it is.
   */
  static copy(
    kind: 'message' | 'status',
    source: Buffer,
    from: number,
    to: number,
    payloadBytes: number,
    addressBytes: number,
  ): CallEvent {
    const { bytes, at } = reserve(to - from);
    source.copy(bytes, at, from, to);
    keep(bytes, at + to - from);
    return new CallEvent(kind, bytes, at, to - from, payloadBytes, addressBytes);
  }

  /** A message with parameters that are already in the wire's form. */
  static wireMessage(params: WireParams, payload: Uint8Array): CallEvent {
    return joinMessage(encodeParams(params), payload, addressBytesOf(params));
  }

  /** A status; `params.status` tells which. */
  static status(params: WireParams): CallEvent {
    const bytes = encodeParams(params);
    return new CallEvent('status', bytes, 0, bytes.length, 0, addressBytesOf(params));
  }

  /** A user logged in. */
  static login(login: WireLogin): CallEvent {
    const bytes = encodeLogin(login);
    return new CallEvent('login', bytes, 0, bytes.length, 0, login.address.length);
  }

  /** A call, or the status of one: neither has anything in it. */
  static empty(kind: 'call' | 'callStatus'): CallEvent {
    return new CallEvent(kind, EMPTY, 0, 0, 0, 0);
  }
}

/** A length as `writeVarint` writes it. */
export function lengthAt(bytes: Uint8Array, from: number): number {
  let length = 0;
  let at = from;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++] as number;
    length |= (byte & 0x7f) << shift;
    if (byte < 0x80) return length;
  }
}

function joinMessage(params: Uint8Array, payload: Uint8Array, addressBytes: number): CallEvent {
  const { bytes, at: start } = reserve(params.length + 2 * HEADER_BYTES + payload.length);
  bytes[start] = TAG.params;
  let at = writeVarint(bytes, start + 1, params.length);
  bytes.set(params, at);
  at = writePayload(bytes, at + params.length, payload);
  keep(bytes, at);
  return new CallEvent('message', bytes, start, at - start, payload.length, addressBytes);
}

function addressBytesOf({ to, from }: WireParams): number {
  return (to?.length ?? 0) + (from?.length ?? 0);
}
