/** What a host executed, in words. */

import { EVENT_KINDS, type ExecutedKind } from '../../wire/event-kinds.js';
import type { Executing } from '../host/executing.js';

const HTTP = 'a callback of an http request';

/** As `on_message of message 7`; a message without an id has none here. */
export function describeExecuting(executing: Executing): string {
  if (executing.kind !== 'http') return describeCall(executing);
  const { cause } = executing;
  return cause === null || cause.kind === 'http' ? HTTP : `${HTTP} made in ${describeCall(cause)}`;
}

function describeCall({ kind, messageId }: { kind: ExecutedKind; messageId: bigint }): string {
  if (kind === 'http') return HTTP;
  const hasMessage = (kind === 'message' || kind === 'status') && messageId !== 0n;
  return `${EVENT_KINDS[kind].callback}${hasMessage ? ` of message ${messageId}` : ''}`;
}
