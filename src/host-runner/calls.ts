/** Calls as the shim takes them: one after the other in one buffer. */

import type { Call } from '../wire/codec.js';
import { SCALARS, type WireParams } from '../wire/params.js';
import { RECORD } from '../wire/records.js';

const EVENT = { message: 1, status: 2, login: 3, call: 4, callStatus: 5 } as const;
const PRESENT = { to: 1, from: 2 } as const;
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
  let total = 0;
  let count = 0;
  for (; count < pending.length && count < maxCount; count++) {
    const size = callSize(pending[count] as PendingCall);
    if (count > 0 && total + size > maxBytes) break;
    total += size;
  }
  const bytes = Buffer.alloc(total);
  let at = 0;
  for (const item of pending.slice(0, count)) at = writeCall(bytes, at, item);
  return { bytes, count };
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

function callSize({ call }: PendingCall): number {
  const { to, from, payload } = partsOf(call);
  return (RECORD.callBytes + (to?.length ?? 0) + (from?.length ?? 0) + payload.length + 3 + 7) & ~7;
}

function writeCall(bytes: Buffer, at: number, item: PendingCall): number {
  const { event, params, to, from, payload } = partsOf(item.call);
  const size = callSize(item);
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
  return at + size;
}

function writeLong(bytes: Buffer, at: number, value: { low: number; high: number } | null | undefined): void {
  if (value == null) return;
  bytes.writeInt32LE(value.low, at);
  bytes.writeInt32LE(value.high, at + 4);
}
