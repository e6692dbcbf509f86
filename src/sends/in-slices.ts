/** Work on very many things that lets everything else have its turn in between. */

import { setImmediate as nextTurn } from 'node:timers/promises';

/** A slice of what takes a microsecond or two each is a matter of some milliseconds. */
const SLICE = 1000;

/**
 * Does something with each, in their order.
 *
 * @param turn called before each turn that others have
 */
export async function inSlices<T>(all: readonly T[], each: (one: T) => void, turn: () => void): Promise<void> {
  for (let from = 0; from < all.length; from += SLICE) {
    if (from > 0) {
      turn();
      await nextTurn();
    }
    for (const one of all.slice(from, from + SLICE)) each(one);
  }
}
