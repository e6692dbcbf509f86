/** Spreads the bits of a number: pure. */

/** The end of MurmurHash3: each of 32 bits of the input changes half of the result. @returns also negative numbers */
export function mixBits(value: number): number {
  let mixed = value ^ (value >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
