/** Random numbers with a seed, so a failure can be repeated. */

/** Returns a generator of whole numbers from 0 to below its argument. */
export function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Cuts bytes at random places into pieces of 0 to `longest` bytes, in order. */
export function cutAnywhere(bytes: Buffer, next: (below: number) => number, longest: number): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + next(longest + 1));
    pieces.push(bytes.subarray(at, end));
    at = end;
  }
  return pieces;
}
