/**
 * How a message is recognised: by what a module is shown of it. Two messages with the same sender, receiver, type and bytes are
 * the same message, whatever their ids are. So are two with the same id, sender and receiver. Pure.
 */

import { createHash } from 'node:crypto';
import type { CallEvent } from '../wire/call-event.js';
import { identityOf, type MessageIdentity } from '../wire/message-identity.js';

/** A message, recognisable. Only what is shown to people is cut. */
export interface Fingerprint {
  /** Of sender, receiver, type and bytes: SHA-256 in hexadecimal. */
  hash: string;
  /** Of sender and receiver: half of a SHA-256. */
  parties: string;
  /** The same in 32 bits, which is quick to make. */
  partiesKey: number;
  /** 0: it has none. */
  messageId: bigint;
  type: bigint;
  /** Of its payload. */
  bytes: number;
}

/** Hexadecimal digits of {@link Fingerprint.parties}. */
const PARTIES_DIGITS = 32;
const FNV_SEED = 0x811c9dc5 | 0;
const FNV_PRIME = 0x01000193;
const LENGTH_BYTES = 4;
const TYPE_BYTES = 8;
/** In place of a length: the address is NULL. No address is so long. */
const ABSENT = 0xffffffff;

/** Everything about one message. */
export function fingerprintOf(event: CallEvent): Fingerprint {
  const { idLow, idHigh, typeLow, typeHigh } = identityOf(event);
  return {
    hash: hashOf(event),
    parties: partiesOf(event),
    partiesKey: partiesKeyOf(event.bytes, identityOf(event)),
    messageId: join(idLow, idHigh),
    type: join(typeLow, typeHigh),
    bytes: event.payloadBytes,
  };
}

/** SHA-256 of what a module is shown: sender, receiver, type and bytes. */
export function hashOf(event: CallEvent): string {
  const { typeLow, typeHigh } = identityOf(event);
  const type = Buffer.alloc(TYPE_BYTES);
  type.writeInt32LE(typeLow, 0);
  type.writeInt32LE(typeHigh, LENGTH_BYTES);
  return addParties(event).update(type).update(event.payload).digest('hex');
}

/** The half of a SHA-256 of sender and receiver. */
export function partiesOf(event: CallEvent): string {
  return addParties(event).digest('hex').slice(0, PARTIES_DIGITS);
}

/** Sender and receiver in 32 bits. Others may have the same, so this only tells which messages to look at. */
export function partiesKeyOf(bytes: Uint8Array, { fromAt, fromEnd, toAt, toEnd }: MessageIdentity): number {
  let key = FNV_SEED;
  for (let at = fromAt; at < fromEnd; at++) key = Math.imul(key ^ (bytes[at] as number), FNV_PRIME);
  key = Math.imul(key ^ (fromEnd - fromAt), FNV_PRIME);
  for (let at = toAt; at < toEnd; at++) key = Math.imul(key ^ (bytes[at] as number), FNV_PRIME);
  return key;
}

/** A key of 32 bits from three. */
export function mixKeys(a: number, b: number, c: number): number {
  return Math.imul(Math.imul(Math.imul(a ^ b, FNV_PRIME) ^ c, FNV_PRIME) ^ (b >>> 16), FNV_PRIME);
}

/** 64 bits from their halves. */
export function join(low: number, high: number): bigint {
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}

/** 64 bits in two halves, each with a sign, as in {@link MessageIdentity}. */
export function halvesOf(value: bigint): [low: number, high: number] {
  return [Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n))];
}

/** Each address with its length before it, so that no two pairs look alike. */
function addParties(event: CallEvent) {
  const { fromAt, fromEnd, toAt, toEnd } = identityOf(event);
  const hash = createHash('sha256');
  for (const [at, end] of [
    [fromAt, fromEnd],
    [toAt, toEnd],
  ] as const) {
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt32LE(at < 0 ? ABSENT : end - at);
    hash.update(length);
    if (at >= 0) hash.update(event.bytes.subarray(at, end));
  }
  return hash;
}
