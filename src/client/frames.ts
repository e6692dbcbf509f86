/** The frames that each message takes, written and read without a detour. */

import type { CallEvent } from '../wire/call-event.js';
import { EVENT_KINDS } from '../wire/event-kinds.js';
import type { FrameOut } from '../wire/gateway/protobuf/frame-out.js';
import { tagOf, uint32At, WIRE } from '../wire/protobuf.js';
import { varintBytes, writeFixed64, writeVarint } from '../wire/room.js';

const EVENT = tagOf(2, WIRE.bytes);
const OUTCOME = tagOf(2, WIRE.bytes);
const ID = tagOf(1, WIRE.fixed64);
const TRACE = tagOf(2, WIRE.varint);
const VERDICT = tagOf(2, WIRE.varint);
const BY = tagOf(3, WIRE.bytes);
/** A tag, and 8 bytes. */
const ID_BYTES = 9;
/** Of a short outcome: the frame's tag and length, then the id. */
const PASS_BYTES = 2 + ID_BYTES;
const SHORT = 0x80;

/** Adds an event to what leaves next. */
export function writeEvent(out: FrameOut, low: number, high: number, trace: boolean, event: CallEvent): void {
  const { length } = event;
  const body = ID_BYTES + (trace ? 2 : 0) + 1 + varintBytes(length) + length;
  let at = out.begin(1 + varintBytes(body) + body);
  const { bytes } = out;
  bytes[at] = EVENT;
  at = writeVarint(bytes, at + 1, body);
  bytes[at] = ID;
  at = writeFixed64(bytes, at + 1, low, high);
  if (trace) {
    bytes[at] = TRACE;
    bytes[at + 1] = 1;
    at += 2;
  }
  bytes[at] = tagOf(EVENT_KINDS[event.kind].field, WIRE.bytes);
  at = writeVarint(bytes, at + 1, length);
  event.bytes.copy(bytes, at, event.at, event.at + length);
}

/** An outcome that changes nothing and of which nothing more is told than the verdict; the same object each time. */
export interface ShortOutcome {
  low: number;
  /** The module that consumed; `null`: it passes. */
  by: string | null;
}

const short: ShortOutcome = { low: 0, by: null };

/** @returns `null`: the frame is any other one, or damaged */
export function readShortOutcome(frame: Buffer): ShortOutcome | null {
  const { length } = frame;
  if (frame[0] !== OUTCOME || length < PASS_BYTES || frame[1] !== length - 2 || length - 2 >= SHORT) return null;
  if (frame[2] !== ID) return null;
  short.low = uint32At(frame, 3);
  short.by = null;
  if (length === PASS_BYTES) return short;
  const at = PASS_BYTES;
  if (frame[at] !== VERDICT || frame[at + 1] !== 1 || frame[at + 2] !== BY || frame[at + 3] !== length - at - 4) {
    return null;
  }
  short.by = frame.toString('utf8', at + 4, length);
  return short;
}
