/**
 * The names of the servers that take sends or have taken some, in the store:
 *
 *     4 bytes   CRC-32 of all that follows, the most significant first
 *     names     JSON, an array of strings
 */

import { crc32 } from 'node:zlib';

/** The key under which they stand. It comes before the keys of entries, and behind that of the format. */
export const NAMES_KEY = 'names';

const CHECKSUM_BYTES = 4;

/** What is stored of names. */
export function encodeNames(names: Iterable<string>): Buffer {
  const bytes = Buffer.concat([Buffer.alloc(CHECKSUM_BYTES), Buffer.from(JSON.stringify([...names]))]);
  bytes.writeUInt32BE(crc32(bytes.subarray(CHECKSUM_BYTES)), 0);
  return bytes;
}

/** @returns `null` when they are damaged */
export function decodeNames(bytes: Buffer): string[] | null {
  if (bytes.length < CHECKSUM_BYTES || bytes.readUInt32BE(0) !== crc32(bytes.subarray(CHECKSUM_BYTES))) return null;
  try {
    const names: unknown = JSON.parse(bytes.toString('utf8', CHECKSUM_BYTES));
    return Array.isArray(names) && names.every((name) => typeof name === 'string') ? names : null;
  } catch {
    return null;
  }
}
