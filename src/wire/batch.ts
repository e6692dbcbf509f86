/**
 * Encodes a CoreFrame with a Batch by hand: it is on the way of every message. What comes of it is what the generated code
 * makes; a test holds the two against each other.
 *
 * @see proto/module.proto
 */

import type { CallEvent } from './call-event.js';
import { EVENT_KINDS } from './event-kinds.js';
import { varintBytes, writeFixed64, writeVarint } from './room.js';

/** A call as it goes into a Batch. */
export interface OutgoingCall {
  /** From 1 to 2^53-1. */
  readonly seq: number;
  /** From 1 to 2^32-1. */
  readonly budgetMicros: number;
  readonly event: CallEvent;
}

/** CoreFrame.batch; Batch.calls and Batch.acknowledged; Call.seq and Call.budget_micros. */
const TAG = { batch: 0x1a, call: 0x0a, acknowledged: 0x11, seq: 0x09, budget: 0x10 } as const;
const FIXED64_BYTES = 9;

/** Encodes the calls from `first` up to, and without, `end`, and how far the black box was taken over. */
export function encodeBatch(
  calls: readonly OutgoingCall[],
  first: number,
  end: number,
  acknowledged: number,
): Uint8Array {
  // As everywhere: what is 0 or empty is left out.
  let batchBytes = acknowledged === 0 ? 0 : FIXED64_BYTES;
  for (let i = first; i < end; i++) {
    const bytes = callBytes(calls[i] as OutgoingCall);
    batchBytes += 1 + varintBytes(bytes) + bytes;
  }
  const out = Buffer.allocUnsafe(1 + varintBytes(batchBytes) + batchBytes);
  out[0] = TAG.batch;
  let at = writeVarint(out, 1, batchBytes);
  for (let i = first; i < end; i++) at = writeCall(out, at, calls[i] as OutgoingCall);
  if (acknowledged !== 0) {
    out[at] = TAG.acknowledged;
    writeInteger(out, at + 1, acknowledged);
  }
  return out;
}

function callBytes({ budgetMicros, event: { length } }: OutgoingCall): number {
  return FIXED64_BYTES + 1 + varintBytes(budgetMicros) + 1 + varintBytes(length) + length;
}

function writeCall(out: Buffer, from: number, call: OutgoingCall): number {
  const { event } = call;
  const at = writeCallHead(out, from, call, callBytes(call));
  event.bytes.copy(out, at, event.at, event.at + event.length);
  return at + event.length;
}

/** What stands before the event; returns where that begins. */
function writeCallHead(out: Buffer, from: number, { seq, budgetMicros, event }: OutgoingCall, bytes: number): number {
  out[from] = TAG.call;
  let at = writeVarint(out, from + 1, bytes);
  out[at] = TAG.seq;
  at = writeInteger(out, at + 1, seq);
  out[at] = TAG.budget;
  at = writeVarint(out, at + 1, budgetMicros);
  out[at] = (EVENT_KINDS[event.kind].field << 3) | 2;
  return writeVarint(out, at + 1, event.length);
}

/**
 * Encodes a batch of one call around its event, where there is room for that: a large message is not copied again. The
 * bytes of the event are then on their way, and must stay as they are.
 */
export function encodeAround(call: OutgoingCall, acknowledged: number): Uint8Array {
  const { event } = call;
  const { bytes } = event;
  event.hasFrameRoom = false;
  let end = event.at + event.length;
  const bodyBytes = callBytes(call);
  if (acknowledged !== 0) {
    bytes[end] = TAG.acknowledged;
    end = writeInteger(bytes, end + 1, acknowledged);
  }
  const batchBytes = 1 + varintBytes(bodyBytes) + bodyBytes + (end - event.at - event.length);
  const from = event.at - (bodyBytes - event.length) - varintBytes(bodyBytes) - 2 - varintBytes(batchBytes);
  bytes[from] = TAG.batch;
  writeCallHead(bytes, writeVarint(bytes, from + 1, batchBytes), call, bodyBytes);
  return bytes.subarray(from, end);
}

/** One that a number holds exactly. */
function writeInteger(out: Buffer, at: number, value: number): number {
  return writeFixed64(out, at, value >>> 0, (value / 0x100000000) >>> 0);
}
