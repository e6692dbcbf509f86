/** Which conversation an event belongs to: what keeps its order, from door to door. Pure. */

import type { WireParams } from '../../wire/params.js';
import type { CallEvent } from './pending-call.js';

/**
 * Names the conversation of an event: its group, else the two who talk, whichever of them wrote. Messages and
 * notifications are served apart, so that each has names of its own.
 */
export function conversationOf({ message, status, login }: CallEvent): string {
  if (message) return `m${ofParams(message.params ?? {})}`;
  if (status) return `s${ofParams(status)}`;
  return login ? `l${toText(login.address)}` : 'c';
}

function ofParams({ groupid, from, to }: WireParams): string {
  if (groupid && (groupid.low !== 0 || groupid.high !== 0)) return `${groupid.high}.${groupid.low}`;
  const one = toText(from);
  const other = toText(to);
  // No address has a NUL inside.
  return one < other ? `${one}\0${other}` : `${other}\0${one}`;
}

/** One character for each byte: addresses that differ stay so, whatever they are. */
function toText(bytes: Uint8Array | null | undefined): string {
  if (!bytes) return '';
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}
