/** What writers of protobuf frames share. */

import { split, toLong } from '../../params.js';
import { varintBytes, writeFixed64, writeVarint } from '../../room.js';

/** Writes 64 bits; returns where they end. */
export function writeBigint(out: Uint8Array, at: number, value: bigint): number {
  const { low, high } = split('id', value);
  return writeFixed64(out, at, low, high);
}

/** The same in the form of protobufjs. */
export function longOf(value: bigint): ReturnType<typeof toLong> {
  return toLong('id', value);
}

/** How many bytes a field of text has, whose tag is one byte; one that is left out has none. */
export function textFieldBytes(text: string | null): number {
  if (text === null) return 0;
  const length = Buffer.byteLength(text);
  return 1 + varintBytes(length) + length;
}

/** Writes such a field; returns where it ends. */
export function writeTextField(out: Buffer, at: number, tag: number, text: string | null): number {
  if (text === null) return at;
  out[at] = tag;
  const length = Buffer.byteLength(text);
  const start = writeVarint(out, at + 1, length);
  return start + out.write(text, start);
}
