/**
 * An entry in the store. Its form, in this order:
 *
 *     4 bytes   CRC-32 of its key and all that follows, the most significant first; in form 1 without the key
 *     4 bytes   how long the header is
 *     header    JSON, see below; what is unknown in it is skipped
 *     params    protobuf, the Params of proto/module.proto
 *     payload
 */

import { crc32 } from 'node:zlib';
import { Entry } from '../queue/entry.js';

/** The form of a store. A store of a higher one was written by a newer version. */
export const STORE_FORMAT = 2;

const FIXED_BYTES = 8;
const HEX_DIGITS = 16;

interface Header {
  id: string;
  module: string;
  /** Milliseconds since the epoch, when it began to wait. */
  time: number;
  /** Bytes of the parameters, and of the addresses in them. */
  params: number;
  addresses: number;
  /** The server that it is for. */
  server?: string;
  /** Name, event and hops of where it came from; the event is empty when it has no id. */
  cause?: [server: string, eventId: string, hops: number];
  /** It no longer goes through the chain. */
  chained?: true;
  /** The status that its module is to have: no server gets it. */
  due?: number;
}

/** Clocks at one moment. */
export interface Moment {
  /** Milliseconds since the epoch. */
  wallMs: number;
  /** That of `performance.now()`. */
  nowMs: number;
}

/** The key of an entry; keys are in the order of numbers. */
export function formatKey(key: number): string {
  return `s${key.toString(16).padStart(HEX_DIGITS, '0')}`;
}

/** The number of a key; `null`: it is no key of an entry. */
export function parseKey(text: string): number | null {
  return /^s[0-9a-f]{16}$/.test(text) ? Number.parseInt(text.slice(1), 16) : null;
}

/** What is stored of an entry. */
export function encodeEntry(entry: Entry, { wallMs, nowMs }: Moment): Buffer {
  const { sentId: id, module, server, cause, isChained, sinceMs, dueStatus, encodedParams: params, payload } = entry;
  const addresses = entry.bytes - payload.length;
  const header: Header = { id, module, time: Math.round(wallMs - (nowMs - sinceMs)), params: params.length, addresses };
  if (server !== null) header.server = server;
  if (cause) header.cause = [cause.server, cause.eventId === null ? '' : String(cause.eventId), cause.hops];
  if (isChained) header.chained = true;
  if (dueStatus !== null) header.due = dueStatus;
  const text = Buffer.from(JSON.stringify(header));
  const bytes = Buffer.allocUnsafe(FIXED_BYTES + text.length + params.length + payload.length);
  bytes.writeUInt32BE(text.length, 4);
  text.copy(bytes, FIXED_BYTES);
  params.copy(bytes, FIXED_BYTES + text.length);
  bytes.set(payload, FIXED_BYTES + text.length + params.length);
  bytes.writeUInt32BE(checksumOf(formatKey(entry.key), bytes), 0);
  return bytes;
}

/**
 * Reads an entry.
 *
 * @param names of modules and servers, each kept once
 * @returns `null` when it is damaged
 */
export function decodeEntry(
  key: number,
  bytes: Buffer,
  { wallMs, nowMs }: Moment,
  names = new Map<string, string>(),
): Entry | null {
  if (bytes.length < FIXED_BYTES) return null;
  // A store of form 1 that is in use has entries of both forms.
  const checksum = bytes.readUInt32BE(0);
  if (checksum !== checksumOf(formatKey(key), bytes) && checksum !== checksumOf('', bytes)) return null;
  try {
    const headerEnd = FIXED_BYTES + bytes.readUInt32BE(4);
    const header = JSON.parse(bytes.toString('utf8', FIXED_BYTES, headerEnd)) as Header;
    const { id: sentId, cause } = header;
    const payloadAt = headerEnd + header.params;
    const params = bytes.subarray(headerEnd, payloadAt);
    const fields = {
      sentId,
      module: once(header.module, names),
      cause: cause
        ? { server: once(cause[0], names), eventId: cause[1] === '' ? null : BigInt(cause[1]), hops: cause[2] }
        : null,
      server: header.server === undefined ? null : once(header.server, names),
      isChained: header.chained ?? false,
      dueStatus: header.due ?? null,
      key,
      // If the clock was set back since, the entry does not wait longer than it should; if it was ahead, not longer than
      // others.
      sinceMs: nowMs - Math.max(0, wallMs - header.time),
    };
    return new Entry(fields, params, bytes.subarray(payloadAt), header.addresses);
  } catch {
    return null;
  }
}

function checksumOf(key: string, bytes: Buffer): number {
  return crc32(bytes.subarray(4), crc32(key));
}

/** The same name, and the same string each time. */
function once(name: string, names: Map<string, string>): string {
  const known = names.get(name);
  if (known !== undefined) return known;
  names.set(name, name);
  return name;
}
