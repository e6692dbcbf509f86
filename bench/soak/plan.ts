/** Which hosts are killed when, and how: drawn from the seed. */

import { SLOTS } from './message.js';
import { drawFor } from './random.js';

/** How a host comes to its end: by a signal from outside, or by a message on which its module loops for ever. */
export const KILL_KINDS = ['SIGSEGV', 'SIGKILL', 'SIGSTOP', 'hang'] as const;
export type KillKind = (typeof KILL_KINDS)[number];

/** One kill. */
export interface Kill {
  kind: KillKind;
  /** Of the module. */
  slot: number;
  /** A `hang` is in this message; a signal is sent once this message has been offered. */
  number: number;
  /** How long after that, so that it comes at any moment of the host's work. */
  delayMs: number;
  /** Chooses one of the hosts that there are then. */
  which: number;
}

/** The last kill comes before this point, so that messages follow it: a stopped host is noticed by missing answers. */
const LAST_SHARE = 0.95;
const DELAY_MAX_MS = 4;
const ANY_HOST = 1000;

/**
 * Plans the kills, evenly spread with some chance, and every kind as often as the others.
 *
 * @param kinds what to choose from
 */
export function planKills(
  seed: number,
  messages: number,
  kills: number,
  kinds: readonly KillKind[] = KILL_KINDS,
): Kill[] {
  const draw = drawFor(seed, 0);
  const deck = Array.from({ length: kills }, (_, i) => kinds[i % kinds.length] as KillKind);
  const apart = (messages * LAST_SHARE) / kills;
  return Array.from({ length: kills }, (_, i) => ({
    kind: deck.splice(draw(deck.length), 1)[0] as KillKind,
    slot: draw(SLOTS),
    number: 1 + Math.floor(i * apart) + draw(Math.max(1, Math.floor(apart))),
    delayMs: draw(DELAY_MAX_MS + 1),
    which: draw(ANY_HOST),
  }));
}
