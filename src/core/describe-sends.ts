/** What a status says of sends, and of who takes them: pure. */

import { IllegalStateError } from '../errors.js';
import type { Sends } from '../sends/sends.js';
import type { SendsStatus, ServerStatus } from '../supervisor/types.js';
import type { ProgramTaker } from './program-taker.js';

/** What waits, and what was counted. */
export function describeSends(sends: Pick<Sends, 'counters'>): SendsStatus {
  const { waiting, bytes, delivered, refused, expired, consumed } = sends.counters();
  return { waiting, bytes, delivered, refused, expired, consumed };
}

/** The program that the core is in, among the servers. */
export function describeProgram({ server: name, inHand: unacknowledged }: ProgramTaker): ServerStatus {
  return { name, connections: 1, takesSends: true, inProgress: 0, unacknowledged };
}

/** Why a program cannot take sends. */
export function nothingKept(): IllegalStateError {
  const what = 'takeSends: this core was started with gateway = off, and keeps nothing that modules send';
  const remedy = 'call takeSends before the start, or set gateway = auto';
  return new IllegalStateError('ILLEGAL_STATE', what, { remedy });
}
