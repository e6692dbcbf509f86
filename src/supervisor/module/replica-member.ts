/** One replica of a module, for events that are for it alone: the status of a message goes to the replica that sent the message. */

import type { ModuleSpec } from '../../config/types.js';
import type { CallEvent } from '../../wire/call-event.js';
import type { Callback } from '../../wire/event-kinds.js';
import type { ChainMember } from '../calls/chain.js';
import type { Conversation } from '../calls/conversation.js';
import type { AnswerTaker, Follower } from '../calls/pending-call.js';
import type { Shard } from '../calls/shard.js';
import type { Found } from '../trials/abi-search.js';
import type { ModuleCalls } from './module-calls.js';

/** What it needs of its replica. */
export interface BoundTo {
  readonly spec: ModuleSpec;
  /** `null`: it has no share of the calls. */
  readonly shard: Shard | null;
  /** What its host said when it was ready; `null`: none ever was. */
  readonly upkeep: { readonly found: Pick<Found, 'ready'> | null };
}

/** As a member of a chain of one. */
export class ReplicaMember implements ChainMember {
  readonly #replica: BoundTo;
  readonly #calls: ModuleCalls;

  constructor(replica: BoundTo, calls: ModuleCalls) {
    this.#replica = replica;
    this.#calls = calls;
  }

  get name(): string {
    return this.spec.name;
  }

  get spec(): ModuleSpec {
    return this.#replica.spec;
  }

  wants(callback: Callback): boolean {
    const { found } = this.#replica.upkeep;
    return found === null || (found.ready.callbacks ?? []).includes(callback);
  }

  /** What is for it alone, it gets. */
  admits(): boolean {
    return true;
  }

  offer(event: CallEvent, deadlineMs: number, nowMs: number, conversation: Conversation, taker: AnswerTaker): void {
    this.#calls.offer(event, deadlineMs, nowMs, conversation, taker, this.#replica.shard);
  }

  follow(conversation: Conversation, follower: Follower): boolean {
    return this.#calls.follow(conversation, follower);
  }
}
