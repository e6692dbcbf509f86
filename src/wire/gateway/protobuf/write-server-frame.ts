/** Writes what a server says in protobuf. */

import { mesibo } from '../../generated/gateway.js';
import { split } from '../../params.js';
import type { ServerEvent, ServerFrame } from '../frames.js';
import type { FrameOut } from './frame-out.js';
import { writeEvent } from './write-event.js';

const wire = mesibo.gateway.v1;

/** Adds a frame to those that leave next. */
export function writeServerFrame(out: FrameOut, frame: ServerFrame): void {
  if (frame.kind === 'event') {
    const { low, high } = split('id', frame.id);
    writeEvent(out, low, high, frame.trace, frame.event);
  } else out.add(wire.ServerFrame.encode(propertiesOf(frame)).finish());
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
