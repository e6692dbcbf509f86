/** A message that ended the process of a module. */

import type { Kill } from '../../quarantine/entry.js';
import { fingerprintOf } from '../../quarantine/fingerprint.js';
import type { Host } from '../host/host.js';
import type { HostEnd } from '../host/host-listener.js';
import { isOwnFault } from '../host/own-fault.js';

/**
 * The message that ended a host; `null`: none did, or nobody can tell.
 *
 * Only messages are. A status has no bytes of its own, so all statuses between two users would look alike. Besides, a status is
 * told once, and is not told again after a crash.
 */
export function killOf({ file }: Pick<Host, 'file'>, end: HostEnd): Kill | null {
  const { call, cardId, facts } = end;
  if (call?.event.kind !== 'message' || !isOwnFault(end)) return null;
  const { from, to } = call.event.params;
  return {
    module: facts.module,
    build: file.buildKey,
    message: { ...fingerprintOf(call.event), from: textOf(from), to: textOf(to) },
    signal: facts.signal,
    exitCode: facts.exitCode,
    cardId,
  };
}

function textOf(address: Uint8Array | null | undefined): string | null {
  return address == null ? null : Buffer.from(address).toString('utf8');
}
