/**
 * Encodes a CoreFrame with a Batch by hand, because every message needs it. The result equals that of the generated code; a
 * test compares the two.
 *
 * @see proto/module.proto
 */

import type { CallEvent } from './call-event.js';
import { EVENT_KINDS } from './event-kinds.js';
import { originBytes, type WireOrigin, writeOrigin } from './origin.js';
import { varintBytes, writeFixed64, writeVarint } from './room.js';

/** A call as it goes into a Batch. */
export interface OutgoingCall {
  /** From 1 to 2^53-1. */
  readonly seq: number;
  /** From 1 to 2^32-1. */
  readonly budgetMicros: number;
  readonly event: CallEvent;
  /** Where its payload was put for the host, see Message.place; {@link IN_FRAME}: it travels in the frame. */
  readonly place: number;
  /** Where its event came from; `null`: nobody wants to know what is sent because of it. */
  readonly origin: WireOrigin | null;
}

/** No place of its own. */
export const IN_FRAME = -1;

/** CoreFrame.batch; Batch.calls and Batch.acknowledged; Call.seq, Call.budget_micros and Call.origin. */
const TAG = { batch: 0x1a, call: 0x0a, acknowledged: 0x11, seq: 0x09, budget: 0x10, origin: 0x42 } as const;
const FIXED64_BYTES = 9;
/** Message.place; Place.at and Place.bytes. */
const PLACE_TAG = { place: 0x1a, at: 0x0d, bytes: 0x15 } as const;
const FIXED32_BYTES = 5;

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

/** What stands in the event's field of Call. */
function eventBytes({ event, place }: OutgoingCall): number {
  return place === IN_FRAME ? event.length : event.headBytes + 2 + placeBytes(place);
}

function callBytes(call: OutgoingCall): number {
  const length = eventBytes(call);
  const bytes = FIXED64_BYTES + 1 + varintBytes(call.budgetMicros) + 1 + varintBytes(length) + length;
  if (call.origin === null) return bytes;
  const origin = originBytes(call.origin);
  return origin === 0 ? bytes : bytes + 1 + varintBytes(origin) + origin;
}

function writeCall(out: Buffer, from: number, call: OutgoingCall): number {
  const { seq, budgetMicros, event, place, origin } = call;
  out[from] = TAG.call;
  let at = writeVarint(out, from + 1, callBytes(call));
  out[at] = TAG.seq;
  at = writeInteger(out, at + 1, seq);
  out[at] = TAG.budget;
  at = writeVarint(out, at + 1, budgetMicros);
  out[at] = (EVENT_KINDS[event.kind].field << 3) | 2;
  at = writeVarint(out, at + 1, eventBytes(call));
  const copied = place === IN_FRAME ? event.length : event.headBytes;
  event.bytes.copy(out, at, event.at, event.at + copied);
  at = place === IN_FRAME ? at + copied : writePlace(out, at + copied, place, event.payloadBytes);
  const length = origin === null ? 0 : originBytes(origin);
  if (origin === null || length === 0) return at;
  out[at] = TAG.origin;
  return writeOrigin(out, writeVarint(out, at + 1, length), origin);
}

function placeBytes(place: number): number {
  return place === 0 ? FIXED32_BYTES : 2 * FIXED32_BYTES;
}

function writePlace(out: Buffer, from: number, place: number, bytes: number): number {
  out[from] = PLACE_TAG.place;
  out[from + 1] = placeBytes(place);
  let at = from + 2;
  if (place !== 0) {
    out[at] = PLACE_TAG.at;
    at = out.writeUInt32LE(place, at + 1);
  }
  out[at] = PLACE_TAG.bytes;
  return out.writeUInt32LE(bytes, at + 1);
}

/** One that a number holds exactly. */
function writeInteger(out: Buffer, at: number, value: number): number {
  return writeFixed64(out, at, value >>> 0, (value / 0x100000000) >>> 0);
}
