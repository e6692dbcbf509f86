/** What a status says of sends, and of who takes them: pure. */

import { IllegalStateError } from '../errors.js';
import type { Sends } from '../sends/sends.js';
import type { ServerClient } from '../servers/types.js';
import type { SendsStatus, ServerStatus } from '../supervisor/types.js';
import type { ProgramTaker } from './program-taker.js';

/** What waits, and what was counted. */
export function describeSends(sends: Pick<Sends, 'counters' | 'away'>): SendsStatus {
  const { waiting, bytes, delivered, refused, expired, consumed } = sends.counters();
  return { waiting, away: sends.away(), bytes, delivered, refused, expired, consumed };
}

/** The program that the core is in, among the servers. */
export function describeProgram({ server: name, inHand: unacknowledged }: ProgramTaker): ServerStatus {
  return { name, connections: 1, takesSends: true, inProgress: 0, unacknowledged };
}

/** Those who are connected, by their names; who has not said its name yet is not among them. */
export function describeServers(clients: readonly ServerClient[]): ServerStatus[] {
  const servers = new Map<string, ServerStatus>();
  for (const { server: name, takesSends, inProgress, unacknowledged } of clients) {
    if (name === '') continue;
    const known = servers.get(name);
    servers.set(name, {
      name,
      connections: (known?.connections ?? 0) + 1,
      takesSends: takesSends || (known?.takesSends ?? false),
      inProgress: (known?.inProgress ?? 0) + inProgress,
      unacknowledged: (known?.unacknowledged ?? 0) + unacknowledged,
    });
  }
  return [...servers.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Why a program cannot take sends. */
export function nothingKept(): IllegalStateError {
  const what = 'takeSends: this core was started without a door for servers, so it keeps no messages that modules send';
  const remedy = 'call takeSends before the start, or set gateway = auto';
  return new IllegalStateError('ILLEGAL_STATE', what, { remedy });
}
