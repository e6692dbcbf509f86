/** Writes what a server says in protobuf. */

import { EVENT_KINDS } from '../../event-kinds.js';
import { mesibo } from '../../generated/gateway.js';
import { tagOf, WIRE } from '../../protobuf.js';
import { varintBytes, writeVarint } from '../../room.js';
import type { ServerEvent, ServerFrame } from '../frames.js';
import type { FrameOut } from './frame-out.js';
import { writeBigint } from './writing.js';

const wire = mesibo.gateway.v1;

const TAG = { event: tagOf(2, WIRE.bytes), id: tagOf(1, WIRE.fixed64), trace: tagOf(2, WIRE.varint) } as const;
/** Its tag, and 8 bytes. */
const ID_BYTES = 9;
const TRACE_BYTES = 2;

/** Adds a frame to those that leave next. */
export function writeServerFrame(out: FrameOut, frame: ServerFrame): void {
  if (frame.kind === 'event') writeEvent(out, frame);
  else out.add(wire.ServerFrame.encode(propertiesOf(frame)).finish());
}

/** What the event is stands in bytes already; they are copied. */
function writeEvent(out: FrameOut, { id, trace, event }: ServerEvent): void {
  const { length } = event;
  const eventBytes = ID_BYTES + (trace ? TRACE_BYTES : 0) + 1 + varintBytes(length) + length;
  let at = out.begin(1 + varintBytes(eventBytes) + eventBytes);
  const { bytes } = out;
  bytes[at] = TAG.event;
  at = writeVarint(bytes, at + 1, eventBytes);
  bytes[at] = TAG.id;
  at = writeBigint(bytes, at + 1, id);
  if (trace) {
    bytes[at] = TAG.trace;
    bytes[at + 1] = 1;
    at += TRACE_BYTES;
  }
  bytes[at] = tagOf(EVENT_KINDS[event.kind].field, WIRE.bytes);
  at = writeVarint(bytes, at + 1, length);
  event.bytes.copy(bytes, at, event.at, event.at + length);
}

function propertiesOf(frame: Exclude<ServerFrame, ServerEvent>): mesibo.gateway.v1.ServerFrame.$Properties {
  switch (frame.kind) {
    case 'hello': {
      const { kind: _, ...hello } = frame;
      return { hello };
    }
    case 'ack': {
      const { sentIds, refused } = frame;
      return { ack: { sentIds, refused } };
    }
    case 'send_status': {
      const { sentId, status, params } = frame;
      return { sendStatus: { sentId, status, params } };
    }
  }
}
