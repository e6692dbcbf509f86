/** Calls as the shim takes them: one after the other in one buffer. */

import type { Call } from '../wire/codec.js';
import { SCALARS, type WireParams } from '../wire/params.js';
import { PRESENT, RECORD } from '../wire/records.js';

const EVENT = { message: 1, status: 2, login: 3, call: 4, callStatus: 5 } as const;
const EMPTY = new Uint8Array(0);

/** A call that waits for its turn. */
export interface PendingCall {
  call: Call;
  /** CLOCK_MONOTONIC nanoseconds past which it is no longer begun; 0n: never. */
  notAfter: bigint;
}

/** Calls in the shim's form. */
export interface EncodedCalls {
  bytes: Buffer;
  count: number;
}

/** Lays out the first calls of `pending`, at most `maxCount` and, from the second on, at most `maxBytes`. */
export function encodeCalls(pending: PendingCall[], maxCount: number, maxBytes: number): EncodedCalls {
  const layouts: Layout[] = [];
  let total = 0;
  for (const item of pending.slice(0, maxCount)) {
    const layout = layOut(item);
    if (layouts.length > 0 && total + layout.size > maxBytes) break;
    layouts.push(layout);
    total += layout.size;
  }
  const bytes = Buffer.alloc(total);
  let at = 0;
  for (const layout of layouts) {
    writeCall(bytes, at, layout);
    at += layout.size;
  }
  return { bytes, count: layouts.length };
}

/** What is left of a batch when its first calls were executed. */
export function skipCalls({ bytes, count }: EncodedCalls, executed: number): EncodedCalls {
  let at = 0;
  for (let i = 0; i < executed; i++) at += bytes.readUInt32LE(at);
  return { bytes: bytes.subarray(at), count: count - executed };
}

interface Parts {
  event: number;
  params: WireParams;
  to: Uint8Array | null;
  from: Uint8Array | null;
  payload: Uint8Array;
}

function partsOf(call: Call): Parts {
  const nothing = { params: {}, to: null, from: null, payload: EMPTY };
  if (call.message) return withParams(EVENT.message, call.message.params ?? {}, call.message.payload ?? EMPTY);
  if (call.status) return withParams(EVENT.status, call.status, EMPTY);
  if (call.login) {
    const { flags, online, address } = call.login;
    // A login has no parameters of a message: its two integers stand in the first two places of the block.
    return { ...nothing, event: EVENT.login, params: { aid: flags ?? null, id: online ?? null }, to: address ?? EMPTY };
  }
  return { ...nothing, event: call.call ? EVENT.call : EVENT.callStatus };
}

function withParams(event: number, params: WireParams, payload: Uint8Array): Parts {
  return { event, params, to: params.to ?? null, from: params.from ?? null, payload };
}

/** A call with what has to be known of it before it is written. */
interface Layout {
  item: PendingCall;
  parts: Parts;
  size: number;
}

function layOut(item: PendingCall): Layout {
  const parts = partsOf(item.call);
  const text = (parts.to?.length ?? 0) + (parts.from?.length ?? 0) + parts.payload.length + 3;
  return { item, parts, size: (RECORD.callBytes + text + 7) & ~7 };
}

function writeCall(bytes: Buffer, at: number, { item, parts, size }: Layout): void {
  const { event, params, to, from, payload } = parts;
  bytes.writeUInt32LE(size, at);
  bytes.writeUInt32LE(event, at + 4);
  writeLong(bytes, at + 8, item.call.seq);
  bytes.writeBigUInt64LE(item.notAfter, at + 16);
  for (let i = 0; i < SCALARS.length; i++) {
    writeLong(bytes, at + 24 + i * 8, params[SCALARS[i] as (typeof SCALARS)[number]]);
  }
  bytes.writeUInt32LE(to?.length ?? 0, at + 112);
  bytes.writeUInt32LE(from?.length ?? 0, at + 116);
  bytes.writeUInt32LE(payload.length, at + 120);
  bytes.writeUInt32LE((to ? PRESENT.to : 0) | (from ? PRESENT.from : 0), at + 124);
  let text = at + RECORD.callBytes;
  for (const part of [to ?? EMPTY, from ?? EMPTY, payload]) {
    bytes.set(part, text);
    text += part.length + 1;
  }
}

function writeLong(bytes: Buffer, at: number, value: { low: number; high: number } | null | undefined): void {
  if (value == null) return;
  bytes.writeInt32LE(value.low, at);
  bytes.writeInt32LE(value.high, at + 4);
}
