/** What becomes of the calls of a dead host, from its black box: pure. */

import type { BoxHeader } from '../wire/black-box.js';

/** What the black box says of a call that was never answered. */
export type Fate =
  /** The module was at work on it when the host died, or the box cannot tell. */
  | 'executing'
  /** The module has not seen it: it may be offered again. */
  | 'never-started';

/**
 * Tells what became of an unanswered call.
 *
 * @param header `null` when the box cannot be read: then nothing is offered again, so that no module sees a call twice
 * @param lastAnswered the highest sequence number whose result is known
 */
export function fateOf(seq: number, header: BoxHeader | null, lastAnswered: number): Fate {
  if (header === null) return 'executing';
  const lastStarted = Math.max(header.currentSeq, lastAnswered);
  return seq > lastStarted ? 'never-started' : 'executing';
}
