/** What is answered, as plain values: pure. */

import type { Send } from '../sends/types.js';
import type { DoorOutcome, TraceEntry } from '../supervisor/types.js';
import { messageFields, paramsFields } from '../wire/message-document.js';
import { fromWireParams } from '../wire/params.js';

/** The outcome of an event; that of a message is what `send --json` prints. */
export function outcomeDocument({ verdict, by, trace, event }: DoorOutcome, wantsTrace: boolean): object {
  const message =
    event.kind === 'message'
      ? { ...messageFields(event.payload), params: paramsFields(fromWireParams(event.params)) }
      : {};
  return { verdict, by, ...message, ...(wantsTrace ? { trace: trace.map(traced) } : {}) };
}

function traced({ module, verdict, default: reason, micros }: TraceEntry): object {
  return { module, verdict, default: reason, micros };
}

/** A message that a module sent. */
export function sendDocument({ sentId, module, params, payload }: Send): object {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
  return { module, sentId, params: paramsFields(fromWireParams(params)), ...messageFields(bytes) };
}
