/** Records as the shim writes them, for tests: the Entry by the generated encoder, the frame as proto/module.proto has it. */

import Long from 'long';
import type { Entry } from '../../../src/wire/codec.js';
import { mesibo } from '../../../src/wire/generated/module.js';
import { SCALARS, type WireParams } from '../../../src/wire/params.js';
import { type RecordSink, readRecords } from '../../../src/wire/records.js';

const MAGIC = 0x9e3779b97f4a7c15n;

/** What a record of a message holds. */
export interface Block {
  scalars?: bigint[];
  to?: Buffer | null;
  from?: Buffer | null;
  payload?: Buffer;
}

/** A record of these bytes, whatever they are; no bytes make a void record. */
export function record(position: number, entry: Uint8Array, size = Math.ceil((16 + entry.length) / 8) * 8): Buffer {
  const out = Buffer.alloc(size);
  out.writeBigUInt64LE(BigInt(position) ^ MAGIC, 0);
  out.writeUInt32LE(size, 8);
  out.writeUInt32LE(entry.length, 12);
  out.set(entry, 16);
  return out;
}

function entryRecord(position: number, entry: Entry): Buffer {
  return record(position, mesibo.modules.v1.Entry.encode(entry).finish());
}

function paramsOf({ scalars = [], to = null, from = null }: Block): WireParams {
  const params: WireParams = {};
  scalars.forEach((value, i) => {
    params[SCALARS[i] as (typeof SCALARS)[number]] = Long.fromString(`${value}`, true);
  });
  if (to) params.to = to;
  if (from) params.from = from;
  return params;
}

/** A line. */
export function logRecord(position: number, level: number, text: Buffer): Buffer {
  return entryRecord(position, { log: { level, text } });
}

/**
 * A message that was sent.
 *
 * @param during the call because of which it was; 0: none
 * @param origin where that call's event came from, encoded
 */
export function sendRecord(position: number, content: Block, during = 0, origin: Uint8Array | null = null): Buffer {
  const sent = { params: paramsOf(content), payload: content.payload ?? Buffer.alloc(0) };
  const cause = { ...(during === 0 ? {} : { during: Long.fromNumber(during, true) }), ...(origin ? { origin } : {}) };
  return entryRecord(position, { sent, ...cause });
}

/** The end of a call; `changed` as in shim.h: 1 the parameters, 2 the payload, 4 expired. */
export function resultRecord(position: number, seq: number, value: number, changed: number, content?: Block): Buffer {
  const result: NonNullable<Entry['result']> = { seq: Long.fromNumber(seq, true), value, micros: 77 };
  if (changed & 1) result.params = paramsOf(content ?? {});
  if (changed & 2) result.payload = content?.payload ?? Buffer.alloc(0);
  if (changed & 4) result.expired = true;
  return entryRecord(position, { result });
}

/** What {@link readRecords} told. */
export interface Collected {
  entries: Entry[];
  skippedBytes: number;
}

/** Everything that stands in the bytes, as the generated types have it. */
export function collectRecords(bytes: Buffer, start: number): Collected {
  return collect((sink) => readRecords(bytes, start, sink));
}

/** Everything that `read` tells a sink. */
export function collect(read: (sink: RecordSink) => number): Collected {
  const entries: Entry[] = [];
  const skippedBytes = read({
    result: (seq, value, micros, expired, params, payload) => {
      const changes = {
        ...(expired ? { expired } : {}),
        ...(params ? { params } : {}),
        ...(payload ? { payload } : {}),
      };
      entries.push({ result: { seq: Long.fromNumber(seq, true), value, micros, ...changes } });
    },
    sent: (params, payload) => entries.push({ sent: { params, payload } }),
    log: (level, text) => entries.push({ log: { level, text } }),
  });
  return { entries, skippedBytes };
}
