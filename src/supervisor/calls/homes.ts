/** Which replica has a conversation: the one where it is, or the one where it goes when it is nowhere. */

import { chooseByHash, chooseByLoad, type Eligible, loadOf } from './choose-shard.js';
import type { Conversation } from './conversation.js';
import type { Lines } from './lines.js';
import { PendingCall } from './pending-call.js';
import type { Shard } from './shard.js';

/** It has a host that takes calls. */
const isReady: Eligible = ({ isLeaving, route }) => !isLeaving && route.isReady();
/** It has one, or will have one in time. */
const isHoped: Eligible = ({ isLeaving, route }, deadlineMs) => !isLeaving && route.canWait(deadlineMs);

/** With less to do than this, a replica keeps its conversations, whatever the others have. */
const MUCH_LOAD = 8;
/** A replica with so many times as much to do as another one gives conversations to that one. */
const MUCH_MORE = 2;

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

  /**
   * The replica that a conversation is to leave, because another one is there for it; `null`: it stays, or is nowhere. A
   * conversation that sticks is to be where its hash says. Another one leaves a replica that has much more to do.
   */
  leaves(conversation: Conversation, isSticky: boolean): Shard | null {
    const former = this.#formerOf(conversation);
    if (former === null || !isReady(former, 0) || !this.#shards.includes(former)) return null;
    if (isSticky) return chooseByHash(this.#shards, conversation.hash, isReady) === former ? null : former;
    let others = loadOf(former);
    if (others < MUCH_LOAD) return null;
    const least = chooseByLoad(this.#shards, isReady);
    if (least === null) return null;
    const much = Math.max(MUCH_LOAD, loadOf(least) * MUCH_MORE);
    // Its own calls do not count: it would have them elsewhere as well.
    for (let place = this.#lines.last(conversation); place !== null && others >= much; place = place.before)
      others -= 1;
    return others >= much ? former : null;
  }

  /** Where a host has calls that stand before one in its line, or where they wait for a host; `null`: nowhere. */
  holderBefore({ conversation, before }: PendingCall): Shard | null {
    for (let place = before; place !== null; place = place.before) {
      if (place instanceof PendingCall && !place.settled && place.shard !== null) return place.shard as Shard;
    }
    return this.#owing(conversation);
  }

  /** Where a conversation goes that is nowhere. The same for the same hash, so its calls stay together; `null`: there is none. */
  homeOf(hash: number): Shard | null {
    return chooseByHash(this.#shards, hash, isReady) ?? this.hopeOf(hash) ?? chooseByHash(this.#shards, hash);
  }

  /** As {@link homeOf}, for a call with a deadline; without stickiness the one that has the least to do, if any is ready. */
  nextHome(hash: number, isSticky: boolean, deadlineMs: number): Shard | null {
    const ready = isSticky ? chooseByHash(this.#shards, hash, isReady) : chooseByLoad(this.#shards, isReady);
    return ready ?? chooseByHash(this.#shards, hash, isHoped, deadlineMs) ?? this.homeOf(hash);
  }

  /** The same among those that will have a host; `null`: none will. */
  hopeOf(hash: number): Shard | null {
    return chooseByHash(this.#shards, hash, isHoped);
  }

  /** The last call in the line of a conversation that a replica has or had. */
  lastOf(conversation: Conversation): PendingCall | null {
    let place = this.#lines.last(conversation);
    while (place !== null && !(place instanceof PendingCall && place.shard !== null)) place = place.before;
    return place as PendingCall | null;
  }

  #formerOf(conversation: Conversation): Shard | null {
    return (this.lastOf(conversation)?.shard as Shard | undefined) ?? this.#owing(conversation);
  }

  #owing(conversation: Conversation): Shard | null {
    for (const shard of this.#shards) if (shard.overdue.size > 0 && shard.owes(conversation)) return shard;
    return null;
  }
}
