/** A sha256 as a person reads it: pure. */

const DIGITS = 12;

/** Its first digits, which are enough to tell builds apart. */
export function shortDigest(sha256: string): string {
  return sha256.slice(0, DIGITS);
}
