/**
 * Conversations on their way from one replica to another. A conversation that always has a call under way would stay for ever
 * where it is, however much that replica has to do. So its new calls wait here until the replica has none of it any more.
 */

import type { Conversation } from './conversation.js';
import type { PendingCall } from './pending-call.js';
import type { Shard } from './shard.js';

/** One conversation, which leaves a replica. */
export interface Move {
  readonly conversation: Conversation;
  readonly from: Shard;
  /** In their order; none has its verdict. */
  readonly waiting: PendingCall[];
}

/** Those of one module. */
export class Moves {
  /** By the hash of the conversation. */
  readonly #all = new Map<number, Move[]>();
  #length = 0;
  #bytes = 0;

  /** Calls that wait here. */
  get length(): number {
    return this.#length;
  }

  /** What waits here, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The move of a conversation; `null`: it stays where it is. */
  of(conversation: Conversation): Move | null {
    if (this.#length === 0) return null;
    return this.#all.get(conversation.hash)?.find((move) => move.conversation.equals(conversation)) ?? null;
  }

  /** Those of all conversations. */
  all(): Move[] {
    return [...this.#all.values()].flat();
  }

  /** A call of a conversation that leaves a replica waits behind the others. */
  add(pending: PendingCall, from: Shard): void {
    const { conversation } = pending;
    this.#length += 1;
    this.#bytes += pending.event.heldBytes;
    const move = this.of(conversation);
    if (move !== null) {
      move.waiting.push(pending);
      return;
    }
    const { hash } = conversation;
    this.#all.set(hash, [...(this.#all.get(hash) ?? []), { conversation, from, waiting: [pending] }]);
  }

  /** A call that waits here has its verdict. */
  drop(pending: PendingCall): void {
    const move = this.of(pending.conversation);
    const at = move?.waiting.indexOf(pending) ?? -1;
    if (move === null || at < 0) return;
    move.waiting.splice(at, 1);
    this.#length -= 1;
    this.#bytes -= pending.event.heldBytes;
    if (move.waiting.length === 0) this.#forget(move);
  }

  /** The move is over. @returns its calls, in their order */
  end(move: Move): readonly PendingCall[] {
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
