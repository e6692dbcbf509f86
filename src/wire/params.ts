/** Converts message parameters between the public face, where they are plain values, and the wire, where nothing is lost. */

import Long from 'long';
import { MessageError } from '../errors.js';
import type { mesibo } from './generated/module.js';

/**
 * The parameters of a message, as the union of the three ABIs has them. The ids are 64-bit; the other fields are
 * 64-bit in C too, but hold small values: one above 2^53 is rounded here, never between modules.
 */
export interface MessageParams {
  aid: bigint;
  id: bigint;
  refid: bigint;
  groupid: bigint;
  sid: bigint;
  flags: number;
  type: number;
  expiry: number;
  /** Bit 0: the destination is online (`to_online` in the older ABIs). */
  uflags: number;
  status: number;
  device: number;
  /** `null` when a module pointed it to NULL. */
  to: string | null;
  from: string | null;
}

/** Parameters as a caller gives them: what is left out is 0, and every integer form is taken. */
export type MessageParamsInput = {
  [K in Exclude<keyof MessageParams, 'to' | 'from'>]?: bigint | number;
} & { to?: string | null; from?: string | null };

/** Parameters as they travel; an absent scalar is 0, an absent address is NULL. */
export type WireParams = mesibo.modules.v1.Params.$Properties;

/** The longest address, in bytes; the shim refuses longer ones too. */
export const ADDRESS_MAX_BYTES = 64 * 1024;

/** The 64-bit fields in the order in which the shim's blocks hold them. */
export const SCALARS = [
  'aid',
  'id',
  'refid',
  'groupid',
  'flags',
  'type',
  'expiry',
  'uflags',
  'status',
  'sid',
  'device',
] as const;

const IDS = ['aid', 'id', 'refid', 'groupid', 'sid'] as const;
const NUMBERS = ['flags', 'type', 'expiry', 'uflags', 'status', 'device'] as const;
const MAX_U64 = 0xffffffffffffffffn;

/**
 * Turns what a caller gave into what travels.
 *
 * @throws {MessageError} `INVALID_ARGUMENT` for an integer outside 0..2^64-1, and for an address with a NUL or half of a
 * surrogate pair inside; `MESSAGE_TOO_LARGE` for an address over 64 KiB.
 */
export function toWireParams(input: MessageParamsInput): WireParams {
  const wire: WireParams = {};
  for (const field of SCALARS) {
    const value = input[field];
    if (value !== undefined) wire[field] = toLong(field, value);
  }
  if (input.to != null) wire.to = toAddress('to', input.to);
  if (input.from != null) wire.from = toAddress('from', input.from);
  return wire;
}

/** Turns what travelled into plain values; bytes of an address that are not UTF-8 become U+FFFD. */
export function fromWireParams(wire: WireParams): MessageParams {
  const params = { to: fromAddress(wire.to), from: fromAddress(wire.from) } as MessageParams;
  for (const field of IDS) params[field] = toBigInt(wire[field]);
  for (const field of NUMBERS) params[field] = wire[field]?.toNumber() ?? 0;
  return params;
}

/** The same, for a caller that gives them on to a module: all 64 bits of each integer are kept. */
export function exactOf(wire: WireParams): Required<MessageParamsInput> {
  const params = { to: fromAddress(wire.to), from: fromAddress(wire.from) } as Required<MessageParamsInput>;
  for (const field of SCALARS) params[field] = toBigInt(wire[field]);
  return params;
}

/** The parameters that a server gave, as an embedder gives them: what is left out stays so. */
export function inputOf(given: WireParams): MessageParamsInput {
  const whole = exactOf(given);
  const input: MessageParamsInput = {};
  for (const field of SCALARS) if (given[field] != null) input[field] = whole[field];
  if (given.to != null) input.to = whole.to;
  if (given.from != null) input.from = whole.from;
  return input;
}

/**
 * Turns an integer into the wire's form.
 *
 * @throws {MessageError} `INVALID_ARGUMENT` for one outside 0..2^64-1.
 */
export function toLong(field: string, value: bigint | number): Long {
  const { low, high } = split(field, value);
  return new Long(low, high, true);
}

/** 64 bits in two halves, each with a sign: such numbers need no memory of their own. */
export interface Halves {
  low: number;
  high: number;
}

const halves: Halves = { low: 0, high: 0 };
const wide = new BigUint64Array(1);
const words = new Int32Array(wide.buffer);
const [LOW, HIGH] = new Int32Array(new BigUint64Array([1n]).buffer)[0] === 1 ? [0, 1] : [1, 0];

/**
 * Splits an integer. The same object is returned each time, because every message needs this.
 *
 * @throws {MessageError} `INVALID_ARGUMENT` for one outside 0..2^64-1.
 */
export function split(field: string, value: bigint | number): Halves {
  if (typeof value === 'number' && value >= 0 && Number.isSafeInteger(value)) {
    halves.low = value | 0;
    halves.high = (value / 0x100000000) | 0;
  } else if (typeof value === 'bigint' && value >= 0n && value <= MAX_U64) {
    wide[0] = value;
    halves.low = words[LOW] as number;
    halves.high = words[HIGH] as number;
  } else {
    throw new MessageError('INVALID_ARGUMENT', `${field} is ${show(value)}; it must be an integer from 0 to 2^64-1`);
  }
  return halves;
}

/** Shows a wrong value that an untyped program gave. */
function show(value: unknown): string {
  try {
    return String(value).slice(0, 100);
  } catch {
    return `a ${typeof value}`;
  }
}

/**
 * Turns an address into the wire's form.
 *
 * @throws {MessageError} `INVALID_ARGUMENT` for one with a NUL or half of a surrogate pair inside and for what is no string,
 * `MESSAGE_TOO_LARGE` for one over 64 KiB.
 */
export function toAddress(field: string, value: string): Buffer {
  if (typeof value !== 'string') throw noString(field, value);
  const bytes = Buffer.from(value, 'utf8');
  if (bytes.length > ADDRESS_MAX_BYTES) {
    const limit = `more than the ${ADDRESS_MAX_BYTES} that an address may have`;
    throw new MessageError('MESSAGE_TOO_LARGE', `${field} has ${bytes.length} bytes, ${limit}`);
  }
  if (bytes.includes(0)) {
    throw new MessageError('INVALID_ARGUMENT', `${field} has a NUL inside, where a C string would end`);
  }
  // In UTF-8 it would become U+FFFD, and the message another user's.
  if (!value.isWellFormed()) {
    throw new MessageError('INVALID_ARGUMENT', `${field} has half of a surrogate pair, which is no character`);
  }
  return bytes;
}

function noString(field: string, value: unknown): MessageError {
  return new MessageError('INVALID_ARGUMENT', `${field} is a ${typeof value}; it must be a string, or null`);
}

/** The mistake of an untyped program, when its message was refused; `null`: it made none of these mistakes. */
export function findParamsError(params: unknown): MessageError | null {
  if (typeof params !== 'object' || params === null) {
    return new MessageError('INVALID_ARGUMENT', 'the params are not an object; give for example { from, to, id }');
  }
  const { from, to } = params as Record<string, unknown>;
  for (const [field, value] of Object.entries({ from, to })) {
    if (value != null && typeof value !== 'string') return noString(field, value);
  }
  return null;
}

function fromAddress(bytes: Uint8Array | null | undefined): string | null {
  return bytes == null ? null : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
}

function toBigInt(value: Long | null | undefined): bigint {
  if (value == null) return 0n;
  words[LOW] = value.low;
  words[HIGH] = value.high;
  return wide[0] as bigint;
}

/** The same as {@link toWireParams} and then {@link fromWireParams}, for a valid input. */
export function snapshotOf(input: MessageParamsInput): MessageParams {
  return {
    to: input.to ?? null,
    from: input.from ?? null,
    aid: asBigInt(input.aid),
    id: asBigInt(input.id),
    refid: asBigInt(input.refid),
    groupid: asBigInt(input.groupid),
    sid: asBigInt(input.sid),
    flags: asNumber(input.flags),
    type: asNumber(input.type),
    expiry: asNumber(input.expiry),
    uflags: asNumber(input.uflags),
    status: asNumber(input.status),
    device: asNumber(input.device),
  };
}

function asBigInt(value: bigint | number | undefined): bigint {
  if (typeof value === 'bigint') return value;
  return value === undefined || value === 0 ? 0n : BigInt(value);
}

/** Adding 0 turns -0 into 0. */
function asNumber(value: bigint | number | undefined): number {
  return value === undefined ? 0 : Number(value) + 0;
}
