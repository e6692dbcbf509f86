/** How long to wait before the next attempt to connect. Pure. */

const FIRST_MS = 10;

/**
 * @param failures attempts that failed one after the other, this one included
 * @param random from 0 to 1: many clients of a core that is gone do not come back at the same moment
 */
export function retryDelayMs(failures: number, maxMs: number, random: number): number {
  const most = Math.min(maxMs, FIRST_MS * 2 ** Math.min(failures - 1, 30));
  return most * (0.5 + random / 2);
}
