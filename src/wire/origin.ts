/**
 * Where the event of a call came from, as it travels with the call. The host does not interpret it. It repeats it with what its
 * module sends because of that call. So it can be read even when core and host are both dead.
 *
 * @see proto/module.proto for its form, which is `Origin`
 */

import { bigintAt, ProtobufReader, tagOf, WIRE } from './protobuf.js';
import { varintBytes, writeFixed64, writeVarint } from './room.js';

/** What is said of it. */
export interface WireOrigin {
  /** The name of a server. */
  readonly server: string;
  /** `null`: the event has no id. */
  readonly eventId: bigint | null;
  readonly hops: number;
}

/** The longest that a host takes. A longer one is not sent; then only the core knows it. */
export const ORIGIN_MAX_BYTES = 128;

const TAG = { server: tagOf(1, WIRE.bytes), eventId: tagOf(2, WIRE.fixed64), hops: tagOf(3, WIRE.varint) } as const;
const EVENT_ID_BYTES = 9;
/** It has three. */
const MAX_FIELDS = 16;

/** The encoded name of the server that was asked for last: most often it is the next one, too. */
const last = { server: '', bytes: Buffer.alloc(0) };
/** To take a bigint apart. */
const wide = new BigUint64Array(1);
const halves = new Uint32Array(wide.buffer);

/** How many bytes it takes; 0: it is left out, because it is empty or too long. */
export function originBytes(origin: WireOrigin): number {
  const { length } = nameOf(origin.server);
  const hops = origin.hops >>> 0;
  let bytes = length === 0 ? 0 : 1 + varintBytes(length) + length;
  if (origin.eventId !== null) bytes += EVENT_ID_BYTES;
  if (hops !== 0) bytes += 1 + varintBytes(hops);
  return bytes > ORIGIN_MAX_BYTES ? 0 : bytes;
}

/** Writes one that is not left out; returns where it ends. */
export function writeOrigin(out: Buffer, from: number, origin: WireOrigin): number {
  const name = nameOf(origin.server);
  const hops = origin.hops >>> 0;
  let at = from;
  if (name.length > 0) {
    out[at] = TAG.server;
    at = writeVarint(out, at + 1, name.length);
    out.set(name, at);
    at += name.length;
  }
  if (origin.eventId !== null) {
    wide[0] = origin.eventId;
    out[at] = TAG.eventId;
    at = writeFixed64(out, at + 1, halves[0] as number, halves[1] as number);
  }
  if (hops !== 0) {
    out[at] = TAG.hops;
    at = writeVarint(out, at + 1, hops);
  }
  return at;
}

const reader = new ProtobufReader();

/** Reads one; `null`: it is damaged, perhaps by a module. */
export function readOrigin(bytes: Uint8Array): WireOrigin | null {
  reader.begin(bytes, 0, bytes.length, MAX_FIELDS);
  let server = '';
  let eventId: bigint | null = null;
  let hops = 0;
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === TAG.server) {
      const at = reader.skipBytes();
      server = Buffer.from(bytes.buffer, bytes.byteOffset + at, reader.at - at).toString();
    } else if (tag === TAG.eventId) {
      const at = reader.fixed64();
      if (reader.ok) eventId = bigintAt(bytes, at);
    } else if (tag === TAG.hops) {
      hops = reader.varint();
    } else {
      reader.skip(tag);
    }
  }
  return reader.ok ? { server, eventId, hops } : null;
}

function nameOf(server: string): Buffer {
  if (server !== last.server) {
    last.server = server;
    last.bytes = Buffer.from(server);
  }
  return last.bytes;
}
