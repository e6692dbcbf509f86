/**
 * Records of a black box as entries of the protocol. The host reads them to report what its module did; the core reads
 * them when the host has died, and then trusts nothing in them.
 *
 * @see src/host-runner/native/shim.h for the layout
 */

import Long from 'long';
import type { Entry } from './codec.js';
import { SCALARS, type WireParams } from './params.js';

/** Sizes and constants of the layout, equal to those in shim.h. */
export const RECORD = { headerBytes: 24, blockBytes: 104, logBytes: 32, resultBytes: 40, callBytes: 128 } as const;

const KIND = { log: 1, send: 2, result: 3 } as const;
const CHANGED = { params: 1, payload: 2, expired: 4 } as const;
/** Which addresses a block has; an absent one is NULL. */
export const PRESENT = { to: 1, from: 2 } as const;
const MAGIC = { low: 0x7f4a7c15, high: 0x9e3779b9 } as const;

/** What stood between two positions of a ring. */
export interface Collected {
  entries: Entry[];
  /** Bytes that belong to no committed record. */
  skippedBytes: number;
}

/**
 * Reads the records in `bytes`, which begin at the absolute position `start`. What is not a committed and consistent
 * record is stepped over, 8 bytes at a time: a record names its own position, so none can be found where it is not.
 */
export function collectRecords(bytes: Buffer, start: number): Collected {
  const entries: Entry[] = [];
  let skippedBytes = 0;
  let at = 0;
  while (at + RECORD.headerBytes <= bytes.length) {
    const size = committedSize(bytes, at, start + at);
    const entry = size === 0 ? null : parseRecord(bytes.subarray(at, at + size));
    if (entry) {
      entries.push(entry);
      at += size;
    } else {
      skippedBytes += 8;
      at += 8;
    }
  }
  return { entries, skippedBytes: skippedBytes + bytes.length - at };
}

function committedSize(bytes: Buffer, at: number, position: number): number {
  if (bytes.readUInt32LE(at) !== (position ^ MAGIC.low) >>> 0) return 0;
  if (bytes.readUInt32LE(at + 4) !== (Math.floor(position / 2 ** 32) ^ MAGIC.high) >>> 0) return 0;
  const size = bytes.readUInt32LE(at + 8);
  return size % 8 === 0 && size >= RECORD.headerBytes && at + size <= bytes.length ? size : 0;
}

function parseRecord(record: Buffer): Entry | null {
  switch (record.readUInt32LE(12)) {
    case KIND.log:
      return parseLog(record);
    case KIND.send:
      return parseSend(record);
    case KIND.result:
      return parseResult(record);
    default:
      return null;
  }
}

function parseLog(record: Buffer): Entry | null {
  if (record.length < RECORD.logBytes) return null;
  const length = record.readUInt32LE(28);
  if (!isWhole(record, RECORD.logBytes + length)) return null;
  const text = record.subarray(RECORD.logBytes, RECORD.logBytes + length);
  return { log: { level: record.readUInt32LE(24), text } };
}

function parseSend(record: Buffer): Entry | null {
  const block = parseBlock(record, RECORD.headerBytes);
  return block && { sent: block };
}

function parseResult(record: Buffer): Entry | null {
  if (record.length < RECORD.resultBytes) return null;
  const changed = record.readUInt32LE(32);
  const result: NonNullable<Entry['result']> = {
    seq: readLong(record, 16),
    value: record.readInt32LE(24),
    micros: record.readUInt32LE(28),
  };
  if (changed & CHANGED.expired) result.expired = true;
  if (changed & (CHANGED.params | CHANGED.payload)) {
    const block = parseBlock(record, RECORD.resultBytes);
    if (!block) return null;
    if (changed & CHANGED.params) result.params = block.params;
    if (changed & CHANGED.payload) result.payload = block.payload;
  } else if (!isWhole(record, RECORD.resultBytes)) {
    return null;
  }
  return { result };
}

function parseBlock(record: Buffer, at: number): { params: WireParams; payload: Buffer } | null {
  if (at + RECORD.blockBytes > record.length) return null;
  const lengths = at + SCALARS.length * 8;
  const to = record.readUInt32LE(lengths);
  const from = record.readUInt32LE(lengths + 4);
  const payload = record.readUInt32LE(lengths + 8);
  const present = record.readUInt32LE(lengths + 12);
  if (!isWhole(record, at + RECORD.blockBytes + to + from + payload + 3)) return null;
  const params: WireParams = {};
  for (let i = 0; i < SCALARS.length; i++) {
    const value = readLong(record, at + i * 8);
    if (value.low !== 0 || value.high !== 0) params[SCALARS[i] as (typeof SCALARS)[number]] = value;
  }
  const toAt = at + RECORD.blockBytes;
  const fromAt = toAt + to + 1;
  const payloadAt = fromAt + from + 1;
  if (present & PRESENT.to) params.to = record.subarray(toAt, toAt + to);
  if (present & PRESENT.from) params.from = record.subarray(fromAt, fromAt + from);
  return { params, payload: record.subarray(payloadAt, payloadAt + payload) };
}

/** Whether the content fills the record: one that claims more would swallow those behind it. */
function isWhole(record: Buffer, contentBytes: number): boolean {
  return Math.ceil(contentBytes / 8) * 8 === record.length;
}

function readLong(bytes: Buffer, at: number): Long {
  return new Long(bytes.readInt32LE(at), bytes.readInt32LE(at + 4), true);
}
