/** What readers of JSON frames share: reading values, and the errors for invalid ones. */

import Long from 'long';
import { SCALARS, type WireParams } from '../../params.js';
import { checkAddress } from '../addresses.js';
import { invalid } from '../frame-error.js';
import { MAX_TEXT_BYTES } from '../frames.js';

const MAX_U64 = 0xffffffffffffffffn;
const MAX_U32 = 0xffffffff;
const SHOWN_CHARS = 60;
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;

/** Reads one key of an object. `where` names it. */
export type Read<T> = (into: T, value: unknown, where: string) => void;
/** How the keys of an object are read, by their names in gateway.proto. */
export type Reads<T> = ReadonlyMap<string, Read<T>>;

/** The reads of an object. */
export function readsOf<T>(reads: Record<string, Read<T>>): Reads<T> {
  return new Map(Object.entries(reads));
}

/**
 * Reads an object key by key. `null` means left out. Unknown keys are skipped.
 *
 * @throws FrameError
 */
export function readObject<T>(value: unknown, where: string, reads: Reads<T>, into: T): T {
  const object = objectOf(value, where);
  for (const key in object) {
    const field = object[key];
    if (field === null) continue;
    const read = reads.get(key) ?? reads.get(snakeCase(key));
    read?.(into, field, `${where}.${key}`);
  }
  return into;
}

/** @throws FrameError */
export function objectOf(value: unknown, where: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  return invalid(`${where || 'the line'} is ${shown(value)}; it must be an object`);
}

/** @throws FrameError */
export function booleanOf(value: unknown, where: string): boolean {
  if (typeof value === 'boolean') return value;
  return invalid(`${where} is ${shown(value)}; it must be true or false`);
}

/** @throws FrameError */
export function u32Of(value: unknown, where: string): number {
  const number = u64Of(value, where);
  if (number <= MAX_U32) return Number(number);
  return invalid(`${where} is ${number}; it must be a whole number from 0 to 2^32-1`);
}

/** @throws FrameError */
export function u64Of(value: unknown, where: string): bigint {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return BigInt(value);
  if (typeof value === 'string' && /^[0-9]{1,20}$/.test(value)) {
    const number = BigInt(value);
    if (number <= MAX_U64) return number;
  }
  return invalid(
    `${where} is ${shown(value)}; it must be a whole number from 0 to 2^64-1, and from 2^53 on a string of digits`,
  );
}

/** @throws FrameError */
export function longOf(value: unknown, where: string): Long {
  const number = u64Of(value, where);
  return new Long(Number(number & 0xffffffffn) | 0, Number(number >> 32n) | 0, true);
}

/** A name or an id. @throws FrameError */
export function textOf(value: unknown, where: string): string {
  const text = stringOf(value, where);
  const bytes = Buffer.byteLength(text);
  if (bytes <= MAX_TEXT_BYTES) return text;
  return invalid(`${where} has ${bytes} bytes, and ${MAX_TEXT_BYTES} are allowed`);
}

/** A list of at most so many. @throws FrameError */
export function listOf<T>(value: unknown, where: string, most: number, read: (item: unknown, where: string) => T): T[] {
  if (!Array.isArray(value)) return invalid(`${where} is ${shown(value)}; it must be a list`);
  if (value.length > most) return invalid(`${where} has ${value.length} entries, and ${most} are allowed`);
  return value.map((item, i) => read(item, `${where}[${i}]`));
}

/** A string that can be written in UTF-8. @throws FrameError */
export function stringOf(value: unknown, where: string): string {
  if (typeof value !== 'string') return invalid(`${where} is ${shown(value)}; it must be a string`);
  if (!value.isWellFormed()) return invalid(`${where} has half of a surrogate pair, which is not a character`);
  return value;
}

/** @throws FrameError */
export function base64Of(value: unknown, where: string): Buffer {
  const text = stringOf(value, where);
  const digits = text.length - (text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0);
  if (digits % 4 !== 1 && BASE64.test(text)) return Buffer.from(text, 'base64');
  return invalid(`${where} is ${shown(value)}; it must be base64`);
}

/** An address: a string, or bytes as `{"base64":"..."}`. @throws FrameError */
export function addressOf(value: unknown, where: string): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(stringOf(value, where)) : addressInBase64(value, where);
  checkAddress(where, bytes);
  return bytes;
}

function addressInBase64(value: unknown, where: string): Buffer {
  if (typeof value !== 'object' || value === null || Object.keys(value).join() !== 'base64') {
    return invalid(`${where} is ${shown(value)}; it must be a string, or {"base64":"..."}`);
  }
  return base64Of((value as { base64: unknown }).base64, `${where}.base64`);
}

/** @throws FrameError */
export function paramsOf(value: unknown, where: string): WireParams {
  return readObject<WireParams>(value, where, PARAM_READS, {});
}

const address = (field: 'to' | 'from'): Read<WireParams> => {
  return (into, value, where) => {
    into[field] = addressOf(value, where);
  };
};

const scalar = (field: (typeof SCALARS)[number]): Read<WireParams> => {
  return (into, value, where) => {
    into[field] = longOf(value, where);
  };
};

/** How the parameters of a message are read, by their C names. */
export const PARAM_READS: Reads<WireParams> = new Map([
  ...SCALARS.map((field) => [field, scalar(field)] as const),
  ['to', address('to')],
  ['from', address('from')],
]);

function snakeCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** A value for an error message; a long one is cut. */
export function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  return typeof value === 'string' ? JSON.stringify(shorten(value)) : String(value);
}

function shorten(text: string): string {
  return text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}...` : text;
}

declare global {
  /** Node has it, but the compiler is set to an older language. */
  interface String {
    isWellFormed(): boolean;
  }
}
