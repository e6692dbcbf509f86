/** A message that a module sent, as it is posted: pure. */

import type { Send } from '../sends/types.js';
import { messageFields, paramsFields } from '../wire/message-document.js';
import { fromWireParams } from '../wire/params.js';

/** What `send --json` shows as `sent`, and where the event came from in which the module sent it. */
export function bodyOf({ module, sentId, cause, params, payload }: Send): string {
  const from = cause && { server: cause.server, eventId: cause.eventId === null ? null : String(cause.eventId) };
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
  const message = { params: paramsFields(fromWireParams(params)), ...messageFields(bytes) };
  return JSON.stringify({ module, sentId, cause: from, ...message });
}
