/**
 * Conversations on their way from one replica to another. A conversation that always has a call under way would stay for ever
 * where it is, however much that replica has to do. So its new calls wait here until the replica has none of it any more.
 */

import type { Conversation } from './conversation.js';
import type { Homes } from './homes.js';
import type { PendingCall } from './pending-call.js';
import type { Shard } from './shard.js';

/** Who is told when a conversation has left its former replica. */
export interface MovesListener {
  /** Its calls go on at `target`, in their order; that may be the former replica again. */
  arrived(calls: readonly PendingCall[], from: Shard, target: Shard): void;
  /** No replica is left for them. */
  stranded(pending: PendingCall): void;
}

/** One conversation, which leaves a replica. */
interface Move {
  readonly conversation: Conversation;
  readonly from: Shard;
  /** In their order; none has its verdict. */
  readonly waiting: PendingCall[];
}

/** Those of one module. */
export class Moves {
  readonly #homes: Homes;
  readonly #listener: MovesListener;
  /** By the hash of the conversation. */
  readonly #all = new Map<number, Move[]>();
  #length = 0;
  #bytes = 0;

  constructor(homes: Homes, listener: MovesListener) {
    this.#homes = homes;
    this.#listener = listener;
  }

  /** Calls that wait here. */
  get length(): number {
    return this.#length;
  }

  /** What waits here, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * The replica that a conversation is leaving, or leaves from now on; `null`: it stays, or is nowhere. Only messages move. Many
   * statuses are for one replica. Of a login or a call the other replicas may get copies, so it must be known at once who gets it.
   *
   * @param mayBegin - whether there is room for its calls
   */
  leftBy(conversation: Conversation, isSticky: boolean, mayBegin: boolean): Shard | null {
    if (conversation.kind !== 'message') return null;
    return this.#of(conversation)?.from ?? (mayBegin ? this.#homes.leaves(conversation, isSticky) : null);
  }

  /** A call of a conversation that leaves a replica waits behind the others. */
  add(pending: PendingCall, from: Shard): void {
    const { conversation } = pending;
    this.#length += 1;
    this.#bytes += pending.event.heldBytes;
    const move = this.#of(conversation);
    if (move !== null) {
      move.waiting.push(pending);
      return;
    }
    const { hash } = conversation;
    this.#all.set(hash, [...(this.#all.get(hash) ?? []), { conversation, from, waiting: [pending] }]);
  }

  /** A call that waits here has its verdict. */
  drop(pending: PendingCall): void {
    const move = this.#of(pending.conversation);
    const at = move?.waiting.indexOf(pending) ?? -1;
    if (move === null || at < 0) return;
    move.waiting.splice(at, 1);
    this.#length -= 1;
    this.#bytes -= pending.event.heldBytes;
    if (move.waiting.length === 0) this.#forget(move);
  }

  /** A call of a conversation has been answered, or a host will never answer it. */
  look(conversation: Conversation, isSticky: boolean): void {
    const move = this.#of(conversation);
    if (move !== null) this.#look(move, isSticky);
  }

  /** Calls have gone from one replica to another. */
  lookAtAll(isSticky: boolean): void {
    for (const move of [...this.#all.values()].flat()) {
      // What goes on may be withheld from its host, and that may have ended another one of these.
      if (this.#of(move.conversation) === move) this.#look(move, isSticky);
    }
  }

  /** Its calls go on as soon as the replica that it leaves has none of it. */
  #look(move: Move, isSticky: boolean): void {
    // There is one, or the move would be forgotten.
    const first = move.waiting[0] as PendingCall;
    const holder = this.#homes.holderBefore(first);
    if (holder === move.from) return;
    // The former replica may have died, and what it held has gone to another one: then the rest goes there too.
    const target = holder ?? this.#homes.nextHome(move.conversation.hash, isSticky, first.deadlineMs);
    const going: PendingCall[] = [];
    const stranded: PendingCall[] = [];
    for (const pending of this.#end(move)) {
      const goes = holder !== null || target?.route.canWait(pending.deadlineMs);
      (goes ? going : stranded).push(pending);
    }
    if (target !== null) this.#listener.arrived(going, move.from, target);
    // Only now: who hears of it may have the next call of the conversation.
    for (const pending of stranded) this.#listener.stranded(pending);
  }

  #of(conversation: Conversation): Move | null {
    if (this.#length === 0) return null;
    return this.#all.get(conversation.hash)?.find((move) => move.conversation.equals(conversation)) ?? null;
  }

  #end(move: Move): readonly PendingCall[] {
    this.#length -= move.waiting.length;
    for (const { event } of move.waiting) this.#bytes -= event.heldBytes;
    this.#forget(move);
    return move.waiting;
  }

  #forget(move: Move): void {
    const { hash } = move.conversation;
    const others = this.#all.get(hash)?.filter((other) => other !== move) ?? [];
    if (others.length > 0) this.#all.set(hash, others);
    else this.#all.delete(hash);
  }
}
