/** Chance with a seed. The result for a number depends only on the seed and the number, not on earlier results. */

/** Whole numbers from 0 to below the argument, one after the other. */
export type Draw = (below: number) => number;

/** A source of chance for one number (a message, say) of one seed. */
export function drawFor(seed: number, number: number): Draw {
  let state = scramble(scramble(seed) + number);
  return (below) => {
    state = scramble(state + 0x6d2b79f5);
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Spreads 32 bits over 32 bits, each to its own. */
function scramble(bits: number): number {
  let spread = bits >>> 0;
  spread = Math.imul(spread ^ (spread >>> 15), 0x2c1b3c6d);
  spread = Math.imul(spread ^ (spread >>> 12), 0x297a2d39);
  return (spread ^ (spread >>> 15)) >>> 0;
}
