/** The calls of one replica of a module that wait for its credit, and where they go from there. */

import type { Lane } from '../../wire/event-kinds.js';
import type { Conversation } from './conversation.js';
import type { CallHome, PendingCall } from './pending-call.js';
import { WaitingLane } from './waiting-lane.js';

/** Where calls go from here. */
export interface CallRoute {
  /** Calls of a lane that may be handed over now. */
  credit(lane: Lane): number;
  /** Hands one call over; only with credit. */
  call(pending: PendingCall, nowMs: number): void;
  /** Whether a call with this deadline can still reach a host. */
  canWait(deadlineMs: number): boolean;
  /** Settles the calls that are finished, although the host cannot report them while it executes the next one. */
  takeFinished(): void;
  /** Whether a host is there that takes calls. Conversations without a host go to a replica that is ready. */
  isReady(): boolean;
  /** Calls that its hosts hold. */
  load(): number;
}

/** One replica, as the queue of its module sees it. */
export class Shard implements CallHome {
  readonly route: CallRoute;
  /** Tells it from others when conversations are spread. */
  readonly index: number;
  /** In the order in which they are served. */
  readonly lanes = { message: new WaitingLane(), notification: new WaitingLane() };
  readonly overdue = new Set<PendingCall>();
  /** It is about to be removed, and takes no conversation that is not here. */
  isLeaving = false;

  constructor(index: number, route: CallRoute) {
    this.index = index;
    this.route = route;
  }

  /** Calls that wait for credit. */
  get length(): number {
    return this.lanes.message.length + this.lanes.notification.length;
  }

  /** Whether its hosts hold a call of a conversation that has its verdict already. */
  owes(conversation: Conversation): boolean {
    for (const pending of this.overdue) if (pending.conversation.equals(conversation)) return true;
    return false;
  }
}
