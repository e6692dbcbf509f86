/** A message that a module sent, as it is posted: pure. */

import type { Send } from '../sends/types.js';
import { messageFields, paramsFields } from '../wire/message-json.js';
import { fromWireParams } from '../wire/params.js';

/** A line of `send --json`, and where the event came from in which the module sent it. */
export function bodyOf({ module, sentId, cause, params, payload }: Send): string {
  const from = cause && { server: cause.server, eventId: cause.eventId === null ? null : String(cause.eventId) };
  const message = { params: paramsFields(fromWireParams(params)), ...messageFields(payload) };
  return JSON.stringify({ sent: { module, sentId, cause: from, ...message } });
}
