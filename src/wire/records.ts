/**
 * Records of a black box: what a module did, as its host has written it. A living host reports the records of its ring as they
 * are. Those of a dead host are read from its black box. Nothing in them is trusted.
 *
 * @see proto/module.proto for what a record is
 */

import Long from 'long';
import { SCALARS, type WireParams } from './params.js';
import { int32At, ProtobufReader, tagOf, uint32At, WIRE } from './protobuf.js';

/** Sizes and constants of the layout, equal to those in shim.h. */
export const RECORD = { headerBytes: 16 } as const;

const MAGIC = { low: 0x7f4a7c15, high: 0x9e3779b9 } as const;

/**
 * The most fields that an Entry may have, including those of nested messages: three times as many as the protocol has. This
 * bounds the work for each record when a damaged ring is searched.
 */
const MAX_FIELDS = 64;

const TAG = {
  entry: { result: tagOf(1, WIRE.bytes), sent: tagOf(2, WIRE.bytes), log: tagOf(3, WIRE.bytes) },
  result: {
    seq: tagOf(1, WIRE.fixed64),
    value: tagOf(2, WIRE.varint),
    micros: tagOf(3, WIRE.varint),
    expired: tagOf(4, WIRE.varint),
    params: tagOf(5, WIRE.bytes),
    payload: tagOf(6, WIRE.bytes),
  },
  sent: { params: tagOf(1, WIRE.bytes), payload: tagOf(2, WIRE.bytes) },
  log: { level: tagOf(1, WIRE.varint), text: tagOf(2, WIRE.bytes) },
  during: tagOf(4, WIRE.fixed64),
  origin: tagOf(5, WIRE.bytes),
  params: { to: tagOf(12, WIRE.bytes), from: tagOf(13, WIRE.bytes) },
} as const;

const NOTHING = Buffer.alloc(0);

/** Receives what records say. Bytes are views of the record and valid as long as it is. */
export interface RecordSink {
  /** The end of a call. `params` and `payload` are `null` where the module left them alone. */
  result(
    seq: number,
    value: number,
    micros: number,
    expired: boolean,
    params: WireParams | null,
    payload: Uint8Array | null,
  ): void;
  /**
   * A message that the module sent.
   *
   * @param position of its record
   * @param during the number of the call because of which it was sent; 0: the host does not say
   * @param origin where the event of that call came from, see `readOrigin`; `null`: the host does not say
   */
  sent(params: WireParams, payload: Uint8Array, position: number, during: number, origin: Uint8Array | null): void;
  /** A line that it logged. */
  log(level: number, text: Uint8Array): void;
}

/**
 * Reads the records in `bytes`, which begin at the absolute position `start`. Anything else than a committed and consistent
 * record is skipped, 8 bytes at a time. A record names its own position, so none is found in a wrong place.
 *
 * @returns how many bytes belong to no committed record
 */
export function readRecords(bytes: Buffer, start: number, sink: RecordSink): number {
  let skippedBytes = 0;
  let at = 0;
  while (at + RECORD.headerBytes <= bytes.length) {
    const size = committedSize(bytes, at, start + at);
    if (size !== 0 && readRecord(bytes, at, size, start + at, sink)) {
      at += size;
    } else {
      skippedBytes += 8;
      at += 8;
    }
  }
  return skippedBytes + bytes.length - at;
}

function committedSize(bytes: Buffer, at: number, position: number): number {
  if (uint32At(bytes, at) !== (position ^ MAGIC.low) >>> 0) return 0;
  if (uint32At(bytes, at + 4) !== (Math.floor(position / 2 ** 32) ^ MAGIC.high) >>> 0) return 0;
  const size = uint32At(bytes, at + 8);
  return size % 8 === 0 && size >= RECORD.headerBytes && size <= bytes.length - at ? size : 0;
}

/** @returns whether it is consistent: a record that claims to be longer than it is would swallow the next ones. */
function readRecord(bytes: Buffer, at: number, size: number, position: number, sink: RecordSink): boolean {
  const length = uint32At(bytes, at + 12);
  const from = at + RECORD.headerBytes;
  if (length === 0) return isZero(bytes, from, at + size);
  if (Math.ceil((RECORD.headerBytes + length) / 8) * 8 !== size) return false;
  reader.begin(bytes, from, from + length, MAX_FIELDS);
  return readEntry(bytes, position, sink);
}

function isZero(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (bytes[at] !== 0) return false;
  return true;
}

/** The one cursor, and the content of the present entry. A result that changes nothing allocates nothing. */
const reader = new ProtobufReader();
const found = {
  kind: 0,
  seq: 0,
  during: 0,
  origin: null as Buffer | null,
  value: 0,
  micros: 0,
  level: 0,
  expired: false,
  params: null as WireParams | null,
  bytes: null as Buffer | null,
};

/** Tells the sink after the whole entry was read. */
function readEntry(bytes: Buffer, position: number, sink: RecordSink): boolean {
  found.kind = 0;
  found.during = 0;
  found.origin = null;
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === TAG.entry.result) readResult(bytes);
    else if (tag === TAG.entry.sent) readSent(bytes);
    else if (tag === TAG.entry.log) readLog(bytes);
    else if (tag === TAG.during) found.during = reader.fixed64Number();
    else if (tag === TAG.origin) found.origin = readBytes(bytes);
    else reader.skip(tag);
  }
  if (!reader.ok) return false;
  switch (found.kind) {
    case TAG.entry.result:
      sink.result(found.seq, found.value, found.micros, found.expired, found.params, found.bytes);
      return true;
    case TAG.entry.sent:
      sink.sent(found.params ?? {}, found.bytes ?? NOTHING, position, found.during, found.origin);
      return true;
    case TAG.entry.log:
      sink.log(found.level, found.bytes ?? NOTHING);
      return true;
    default:
      return false;
  }
}

/** An Entry may name its kind several times. The last kind counts. When one kind comes twice in a row, its fields are merged. */
function beginKind(kind: number): void {
  if (found.kind === kind) return;
  found.kind = kind;
  found.seq = found.value = found.micros = found.level = 0;
  found.expired = false;
  found.params = null;
  found.bytes = null;
}

function readResult(bytes: Buffer): void {
  beginKind(TAG.entry.result);
  const outer = reader.enter();
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === TAG.result.seq) found.seq = reader.fixed64Number();
    else if (tag === TAG.result.micros) found.micros = reader.varint();
    else if (tag === TAG.result.value) found.value = unzigzag(reader.varint());
    else if (tag === TAG.result.expired) found.expired = reader.bool();
    else if (tag === TAG.result.params) readParams(bytes);
    else if (tag === TAG.result.payload) found.bytes = readBytes(bytes);
    else reader.skip(tag);
  }
  reader.leave(outer);
}

function readSent(bytes: Buffer): void {
  beginKind(TAG.entry.sent);
  const outer = reader.enter();
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === TAG.sent.params) readParams(bytes);
    else if (tag === TAG.sent.payload) found.bytes = readBytes(bytes);
    else reader.skip(tag);
  }
  reader.leave(outer);
}

function readLog(bytes: Buffer): void {
  beginKind(TAG.entry.log);
  const outer = reader.enter();
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === TAG.log.level) found.level = reader.varint();
    else if (tag === TAG.log.text) found.bytes = readBytes(bytes);
    else reader.skip(tag);
  }
  reader.leave(outer);
}

function readParams(bytes: Buffer): void {
  found.params ??= {};
  const { params } = found;
  const outer = reader.enter();
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    const scalar = (tag & 7) === WIRE.fixed64 ? SCALARS[(tag >>> 3) - 1] : undefined;
    if (scalar !== undefined) readScalar(bytes, params, scalar);
    else if (tag === TAG.params.to) params.to = readBytes(bytes);
    else if (tag === TAG.params.from) params.from = readBytes(bytes);
    else reader.skip(tag);
  }
  reader.leave(outer);
}

function readScalar(bytes: Buffer, params: WireParams, scalar: (typeof SCALARS)[number]): void {
  const at = reader.fixed64();
  if (reader.ok) params[scalar] = new Long(int32At(bytes, at), int32At(bytes, at + 4), true);
}

function readBytes(bytes: Buffer): Buffer {
  const at = reader.skipBytes();
  return bytes.subarray(at, reader.at);
}

function unzigzag(value: number): number {
  return (value >>> 1) ^ -(value & 1);
}
