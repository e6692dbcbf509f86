/** What becomes of the calls that a dead host had not answered, by its black box. Pure, except for what calls remember. */

import type { BoxHeader } from '../../wire/black-box.js';
import { LANES, type Lane } from '../../wire/event-kinds.js';
import type { PendingCall } from './pending-call.js';

/** What the core knows beside the black box. */
export interface LedgerEnd {
  /** What the host had not answered, in the order of its sequence numbers. */
  held: PendingCall[];
  /** The highest sequence number that was given. */
  lastSeq: number;
  /** The highest one in each lane whose result is known; 0: none. The calls of a lane are executed in order. */
  lastAnswered: Record<Lane, number>;
  /** Whether the host ended by itself: by a signal that a fault raises, or by an exit. */
  crashed: boolean;
}

/** The two outcomes of a call without a result in the black box. */
export interface Settlement {
  /** The module was at work on it, or the box cannot tell: it gets its default verdict. */
  lost: PendingCall[];
  /** The module has not seen it: it is offered again. */
  unseen: PendingCall[];
}

/**
 * How often a call is offered again that was next when its host crashed and said that it executed nothing. Without this limit,
 * a module that overwrites the name of the call that kills it would get that call again and again.
 */
const MAX_SUSPECTED = 3;

/**
 * Tells what becomes of each call.
 *
 * @param header `null` when the box cannot be read: then nothing is offered again, so that no module sees a call twice
 */
export function settleCalls(header: BoxHeader | null, link: LedgerEnd): Settlement {
  const settlement: Settlement = { lost: [], unseen: [] };
  const executing = header && (link.held.find(({ seq }) => seq === header.currentSeq) ?? null);
  for (const pending of link.held) {
    const started =
      header === null || pending.seq <= lastStarted(pending.event.lane, header.currentSeq, executing, link);
    (started ? settlement.lost : settlement.unseen).push(pending);
  }
  return link.crashed && header?.currentSeq === 0 && header.currentEvent !== 'http'
    ? suspectNext(settlement)
    : settlement;
}

function lastStarted(
  lane: Lane,
  currentSeq: number,
  executing: PendingCall | null,
  { lastSeq, lastAnswered }: LedgerEnd,
): number {
  // A number that was never given means that the box was overwritten: it may hide any call.
  const counts = executing ? executing.event.lane === lane : currentSeq > lastSeq;
  return Math.max(lastAnswered[lane], counts ? currentSeq : 0);
}

/** Lanes take turns, so the next call of either may have been it. */
function suspectNext({ lost, unseen }: Settlement): Settlement {
  const next = LANES.map((lane) => unseen.find(({ event }) => event.lane === lane));
  for (const pending of next) if (pending) pending.suspected += 1;
  const given = unseen.filter(({ suspected }) => suspected >= MAX_SUSPECTED);
  return { lost: [...lost, ...given], unseen: unseen.filter((pending) => !given.includes(pending)) };
}
