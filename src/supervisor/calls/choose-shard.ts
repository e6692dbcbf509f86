/** Which replica takes a conversation: pure. It is asked for each message, so it makes no list of those that may. */

import { mixBits } from '../../mix-bits.js';
import type { Shard } from './shard.js';

/** Whether a replica may take it. */
export type Eligible = (shard: Shard, deadlineMs: number) => boolean;

const ANY: Eligible = () => true;

/**
 * By rendezvous hashing: the replica for which the hash of the conversation and the replica's index make the highest number.
 * When a replica goes or comes, only its own share moves.
 */
export function chooseByHash(
  shards: readonly Shard[],
  hash: number,
  mayTake: Eligible = ANY,
  deadlineMs = Number.POSITIVE_INFINITY,
): Shard | null {
  let best: Shard | null = null;
  let highest = -1;
  for (const shard of shards) {
    if (!mayTake(shard, deadlineMs)) continue;
    const weight = weigh(hash, shard.index);
    if (weight <= highest) continue;
    highest = weight;
    best = shard;
  }
  return best;
}

/** The one with the fewest calls, those that wait included; the first of several. */
export function chooseByLoad(
  shards: readonly Shard[],
  mayTake: Eligible = ANY,
  deadlineMs = Number.POSITIVE_INFINITY,
): Shard | null {
  let best: Shard | null = null;
  let lowest = Number.POSITIVE_INFINITY;
  for (const shard of shards) {
    if (!mayTake(shard, deadlineMs)) continue;
    const load = loadOf(shard);
    if (load >= lowest) continue;
    lowest = load;
    best = shard;
  }
  return best;
}

/** The calls that a replica has, those that wait included. */
export function loadOf({ length, route }: Shard): number {
  return length + route.load();
}

/** 32 bits that change altogether with each bit of either. */
function weigh(hash: number, index: number): number {
  return mixBits(hash ^ Math.imul(index + 1, 0x9e3779b1)) >>> 0;
}
