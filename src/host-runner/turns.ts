/** Whose turn it is to have the module's thread. */

/** The kinds of work that wait for it, in the order of a round. */
const ROUND = ['http', 'message', 'notification'] as const;

/** A kind of callback that waits: of an http request, for a message, or for a status, a login or a call. */
export type Turn = (typeof ROUND)[number];

/** Goes round, so that each kind has its turn, even if much of another kind waits. */
export class Turns {
  #last: Turn = 'notification';

  /** The next kind of which something waits, or null. */
  next(waits: (turn: Turn) => boolean): Turn | null {
    const first = ROUND.indexOf(this.#last) + 1;
    for (let i = first; i < first + ROUND.length; i++) {
      const turn = ROUND[i % ROUND.length] as Turn;
      if (!waits(turn)) continue;
      this.#last = turn;
      return turn;
    }
    return null;
  }
}
