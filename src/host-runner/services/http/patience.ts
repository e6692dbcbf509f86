/** Limits how long an exchange waits for its next step. */

import { HttpFailure } from './failure.js';
import { toTimerMs } from './request.js';

/** One wait at a time. */
export class Patience {
  readonly #ended: (failure: HttpFailure) => void;
  #timer: NodeJS.Timeout | undefined;

  /** @param ended - is called when a wait was too long */
  constructor(ended: (failure: HttpFailure) => void) {
    this.#ended = ended;
  }

  /** Begins another wait. @param words - the failure when it is too long */
  start(seconds: number, words: () => string): void {
    clearTimeout(this.#timer);
    const fire = () => this.#ended(new HttpFailure(words(), { transient: true }));
    this.#timer = setTimeout(fire, toTimerMs(seconds));
  }

  /** The wait begins anew, or begins. */
  refresh(seconds: number, words: () => string): void {
    if (this.#timer) this.#timer.refresh();
    else this.start(seconds, words);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
