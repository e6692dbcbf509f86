/** Whether what a host says can be true: pure. A module may have overwritten anything in its process. */

import { isReachable } from '../../wire/black-box.js';
import type { CallEvent } from '../../wire/call-event.js';
import type { Report } from '../../wire/codec.js';
import { ADDRESS_MAX_BYTES, type WireParams } from '../../wire/params.js';
import type { SentRecord } from './sent-record.js';

/** Says what is wrong with the positions of a report; `null` when they can be. */
export function findReportProblem({ start, ring, position }: Report, taken: number, ringSize: number): string | null {
  if (!isReachable(position, taken, ringSize)) return `it reported the black-box position ${position} after ${taken}`;
  if (ring.length === 0 || (start >= taken && start + ring.length <= position)) return null;
  return `it reported ${ring.length} bytes of the black-box position ${start} between ${taken} and ${position}`;
}

/** Says what is wrong with the records of a report; `skippedBytes` of them are not a record; `null`: nothing is wrong. */
export function findRecordsProblem({ start, ring }: Report, skippedBytes: number): string | null {
  if (skippedBytes === 0) return null;
  return `of the ${ring.length} bytes that it reported of the black-box position ${start}, ${skippedBytes} are no record`;
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
export function findSentProblem(
  { params, payload }: Pick<SentRecord, 'params' | 'payload'>,
  maxMessageBytes: number,
): string | null {
  if (payload.length > maxMessageBytes) return `it sent a message of ${payload.length} bytes`;
  return findAddressProblem(params);
}

function findAddressProblem({ to, from }: WireParams): string | null {
  for (const address of [to, from]) {
    if (address == null) continue;
    if (address.length > ADDRESS_MAX_BYTES) return `it gave an address of ${address.length} bytes`;
    if (address.includes(0)) return 'it gave an address with a NUL inside';
  }
  return null;
}
