/** How long an exchange waits for what comes next. */

import { HttpFailure } from './failure.js';
import { toTimerMs } from './request.js';

/** One wait at a time. */
export class Patience {
  readonly #ended: (failure: HttpFailure) => void;
  #timer: NodeJS.Timeout | undefined;

  /** @param ended - is told when a wait was too long */
  constructor(ended: (failure: HttpFailure) => void) {
    this.#ended = ended;
  }

  /** Begins another wait. @param words - what is said when it is too long */
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
