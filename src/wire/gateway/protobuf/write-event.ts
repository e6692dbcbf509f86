/** Writes an Event of protobuf. */

import type { CallEvent } from '../../call-event.js';
import { type CallKind, EVENT_KINDS } from '../../event-kinds.js';
import type { MessageParamsInput } from '../../params.js';
import { tagOf, WIRE } from '../../protobuf.js';
import { varintBytes, writeFixed64, writeVarint } from '../../room.js';
import { messageBound, writeMessage } from '../../write-message.js';
import type { FrameOut } from './frame-out.js';

const TAG = { event: tagOf(2, WIRE.bytes), id: tagOf(1, WIRE.fixed64), trace: tagOf(2, WIRE.varint) } as const;
/** Its tag, and 8 bytes. */
const ID_BYTES = 9;
const TRACE_BYTES = 2;
/** What stands before an event in its frame: three tags and lengths at most, beside the id and the trace. */
const HEAD_BYTES = ID_BYTES + TRACE_BYTES + 2 * 6;

/** Adds an event to the frames that leave next, with a copy of its bytes. Its id comes in two halves. */
export function writeEvent(out: FrameOut, low: number, high: number, trace: boolean, event: CallEvent): void {
  const { length } = event;
  const at = beginEvent(out, low, high, trace, event.kind, length);
  event.bytes.copy(out.bytes, at, event.at, event.at + length);
}

/**
 * Adds a message likewise, encoded where it leaves from.
 *
 * @throws {MessageError} as `CallEvent.message`; nothing is added then
 */
export function writeMessageEvent(
  out: FrameOut,
  low: number,
  high: number,
  trace: boolean,
  input: MessageParamsInput,
  payload: Uint8Array,
): void {
  const start = out.reserve(HEAD_BYTES + messageBound(input, payload)) + HEAD_BYTES;
  const { at: from, end } = writeMessage(out.bytes, start, input, payload);
  const at = beginEvent(out, low, high, trace, 'message', end - from);
  out.bytes.copyWithin(at, from, end);
}

/** @returns where the event of that length is to be written */
function beginEvent(out: FrameOut, low: number, high: number, trace: boolean, kind: CallKind, length: number): number {
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
  bytes[at] = tagOf(EVENT_KINDS[kind].field, WIRE.bytes);
  return writeVarint(bytes, at + 1, length);
}
