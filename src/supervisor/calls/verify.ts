/** Whether what a host says can be true: pure. A module may have overwritten anything in its process. */

import { isReachable } from '../../wire/black-box.js';
import type { CallEvent } from '../../wire/call-event.js';
import type { Report, Sent } from '../../wire/codec.js';
import { ADDRESS_MAX_BYTES, type WireParams } from '../../wire/params.js';

/** Says what is wrong with the position of a report; `null` when it can be. */
export function findReportProblem(report: Report, taken: number, ringSize: number): string | null {
  const position = report.position?.toNumber() ?? 0;
  if (isReachable(position, taken, ringSize)) return null;
  return `it reported the black-box position ${position} after ${taken}`;
}

/** Says what is wrong with what a host changed of a call; `null` when it can be. */
export function findResultProblem(
  { payloadBytes }: CallEvent,
  params: WireParams | null,
  payload: Uint8Array | null,
): string | null {
  if (payload && payload.length !== payloadBytes) {
    return `it changed a message of ${payloadBytes} bytes to ${payload.length}`;
  }
  return params ? findAddressProblem(params) : null;
}

/** Says what is wrong with a message that a module sent; `null` when it can be. */
export function findSentProblem({ params, payload }: Sent, maxMessageBytes: number): string | null {
  const length = payload?.length ?? 0;
  if (length > maxMessageBytes) return `it sent a message of ${length} bytes`;
  return params ? findAddressProblem(params) : null;
}

function findAddressProblem({ to, from }: WireParams): string | null {
  for (const address of [to, from]) {
    if (address == null) continue;
    if (address.length > ADDRESS_MAX_BYTES) return `it gave an address of ${address.length} bytes`;
    if (address.includes(0)) return 'it gave an address with a NUL inside';
  }
  return null;
}
