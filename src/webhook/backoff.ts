/** How long until a message is posted again: pure. */

const FIRST_MS = 100;
const LONGEST_MS = 60_000;
/** How much of a wait is random, so that modules do not all post at the same moment. */
const JITTER = 0.25;

/**
 * The wait after a failure; each is twice as long as the one before it, up to a minute.
 *
 * @param failures - in a row, from 1 on
 * @param chance - from 0 to 1
 */
export function waitAfter(failures: number, chance: number): number {
  const wholeMs = Math.min(FIRST_MS * 2 ** (failures - 1), LONGEST_MS);
  return wholeMs * (1 - JITTER * chance);
}
