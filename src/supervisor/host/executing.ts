/** What a host was executing when it was last seen: as facts. */

import type { BoxHeader } from '../../wire/black-box.js';
import type { CallEvent } from '../../wire/call-event.js';
import type { CallKind, ExecutedKind } from '../../wire/event-kinds.js';
import type { PendingCall } from '../calls/pending-call.js';

/** A call that it was given, or a callback of an http request with the call that led to it. */
export type Executing =
  | { kind: CallKind; messageId: bigint }
  | { kind: 'http'; cause: { kind: ExecutedKind; messageId: bigint } | null };

/**
 * Finds out.
 *
 * @param call - the call that the box names, one of those that the host holds
 * @returns `null`: nothing, or the box says something impossible
 */
export function findExecuting(call: PendingCall | null, header: BoxHeader | null): Executing | null {
  if (call !== null) return ofCall(call.event);
  if (header?.currentEvent !== 'http') return null;
  const { cause } = header;
  return { kind: 'http', cause: cause && { kind: cause.event, messageId: cause.messageId } };
}

function ofCall({ kind, params }: CallEvent): Executing {
  return { kind, messageId: BigInt(params.id?.toString() ?? 0) };
}
