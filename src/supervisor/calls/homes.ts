/** Which replica has a conversation: the one where it is, or the one where it goes when it is nowhere. */

import { chooseByHash, chooseByLoad, type Eligible } from './choose-shard.js';
import type { Conversation } from './conversation.js';
import type { Lines } from './lines.js';
import { PendingCall } from './pending-call.js';
import type { Shard } from './shard.js';

/** It has a host that takes calls. */
const isReady: Eligible = ({ isLeaving, route }) => !isLeaving && route.isReady();
/** It has one, or will have one in time. */
const isHoped: Eligible = ({ isLeaving, route }, deadlineMs) => !isLeaving && route.canWait(deadlineMs);

/** The replicas of a module that have a share of its calls. */
export class Homes {
  readonly #lines: Lines;
  #shards: readonly Shard[] = [];

  /** @param lines where the calls of each conversation stand */
  constructor(lines: Lines) {
    this.#lines = lines;
  }

  /** By their index. */
  get shards(): readonly Shard[] {
    return this.#shards;
  }

  add(shard: Shard): void {
    this.#shards = [...this.#shards, shard].sort((a, b) => a.index - b.index);
  }

  remove(shard: Shard): void {
    this.#shards = this.#shards.filter((other) => other !== shard);
  }

  /** Whether any has a host that takes calls. */
  get haveReady(): boolean {
    return this.#shards.some((shard) => isReady(shard, 0));
  }

  /**
   * The replica of a conversation. It stays the same as long as calls of the conversation wait for it, or its hosts hold any of
   * them, the overdue ones included. So no two hosts ever have calls of one conversation at a time.
   *
   * @param bound the replica that it is for, as long as that one can come up in time; `null`: any
   * @param isCopy it is for that replica or for none, as the others get it too
   */
  choose(
    conversation: Conversation,
    deadlineMs: number,
    isSticky: boolean,
    bound: Shard | null,
    isCopy: boolean,
  ): Shard {
    const shards = this.#shards;
    if (bound !== null && shards.includes(bound) && (isCopy || bound.route.canWait(deadlineMs))) return bound;
    const former = this.#formerOf(conversation);
    if (former !== null && shards.includes(former)) return former;
    const { hash } = conversation;
    const any = shards[0] as Shard;
    if (isSticky) return chooseByHash(shards, hash, isReady) ?? chooseByHash(shards, hash, isHoped, deadlineMs) ?? any;
    return chooseByLoad(shards, isReady) ?? chooseByLoad(shards, isHoped, deadlineMs) ?? any;
  }

  /** Where a conversation goes that is nowhere. The same for the same hash, so its calls stay together; `null`: there is none. */
  homeOf(hash: number): Shard | null {
    return chooseByHash(this.#shards, hash, isReady) ?? this.hopeOf(hash) ?? chooseByHash(this.#shards, hash);
  }

  /** The same among those that will have a host; `null`: none will. */
  hopeOf(hash: number): Shard | null {
    return chooseByHash(this.#shards, hash, isHoped);
  }

  /** The last call in the line of a conversation. */
  lastOf(conversation: Conversation): PendingCall | null {
    let place = this.#lines.last(conversation);
    while (place !== null && !(place instanceof PendingCall)) place = place.before;
    return place;
  }

  #formerOf(conversation: Conversation): Shard | null {
    const last = this.lastOf(conversation);
    if (last !== null) return last.shard as Shard | null;
    for (const shard of this.#shards) if (shard.overdue.size > 0 && shard.owes(conversation)) return shard;
    return null;
  }
}
