/** Writes an Event of protobuf: what it is stands in bytes already, and they are copied. */

import type { CallEvent } from '../../call-event.js';
import { EVENT_KINDS } from '../../event-kinds.js';
import { tagOf, WIRE } from '../../protobuf.js';
import { varintBytes, writeFixed64, writeVarint } from '../../room.js';
import type { FrameOut } from './frame-out.js';

const TAG = { event: tagOf(2, WIRE.bytes), id: tagOf(1, WIRE.fixed64), trace: tagOf(2, WIRE.varint) } as const;
/** Its tag, and 8 bytes. */
const ID_BYTES = 9;
const TRACE_BYTES = 2;

/** Adds an event to the frames that leave next. Its id comes in two halves. */
export function writeEvent(out: FrameOut, low: number, high: number, trace: boolean, event: CallEvent): void {
  const { length } = event;
  const eventBytes = ID_BYTES + (trace ? TRACE_BYTES : 0) + 1 + varintBytes(length) + length;
  let at = out.begin(1 + varintBytes(eventBytes) + eventBytes);
  const { bytes } = out;
  bytes[at] = TAG.event;
  at = writeVarint(bytes, at + 1, eventBytes);
  bytes[at] = TAG.id;
  at = writeFixed64(bytes, at + 1, low, high);
  if (trace) {
    bytes[at] = TAG.trace;
    bytes[at + 1] = 1;
    at += TRACE_BYTES;
  }
  bytes[at] = tagOf(EVENT_KINDS[event.kind].field, WIRE.bytes);
  at = writeVarint(bytes, at + 1, length);
  event.bytes.copy(bytes, at, event.at, event.at + length);
}
