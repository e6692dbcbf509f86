/** What is known of a death, as it is given to who keeps crash cards. Pure. */

import type { PendingCall } from '../calls/pending-call.js';
import type { HostEnd } from '../host/host-listener.js';
import type { DeathCall, DeathCause, DeathEvidence, LogLine } from '../types.js';

/**
 * Puts it together.
 *
 * @param summary - the line that the log has of it
 * @returns `null`: nothing needs an explanation
 */
export function evidenceOf(
  end: HostEnd,
  cause: DeathCause,
  summary: string,
  lines: readonly LogLine[],
): DeathEvidence | null {
  const { cardId, diedAt, facts, call, scene, isQuarantined, stack } = end;
  // The end of a host that only tried an ABI says nothing of the module.
  if (cardId === null || cause === 'trial') return null;
  const {
    module,
    path: file,
    generation,
    pid,
    signal,
    exitCode,
    exitCalled,
    phase,
    served,
    note,
    executing,
    limit,
  } = facts;
  const { recent, ...rest } = scene;
  const calls = recent.list();
  return {
    ...rest,
    cardId,
    diedAt,
    module,
    file,
    generation,
    pid,
    cause,
    summary,
    signal,
    exitCode,
    hasCalledExit: exitCalled !== null,
    wasKilledByCore: facts.from.kind === 'stopping' && signal === 'SIGKILL',
    phase,
    served,
    note,
    executing: executing && { kind: executing.kind, cause: executing.kind === 'http' ? executing.cause : null },
    call: call && ofCall(call, calls),
    calls,
    lines,
    isQuarantined,
    stack,
    limit: cause === 'limit' || cause === 'start' ? limit : null,
  };
}

function ofCall({ seq, event }: PendingCall, answered: readonly DeathCall[]): DeathCall {
  const verdict = answered.findLast((call) => call.seq === seq)?.verdict ?? null;
  return { seq, verdict, payloadBytes: event.payloadBytes, event, isWhole: true };
}
