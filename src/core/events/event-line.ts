/** Events in their order, while some wait until it is known where a crash was. */

import type { FinishedCard } from '../../crashes/keeper.js';
import type { CoreEvent } from './core-event.js';

/** A crash is told without its function when that is not known after so long. */
export const PATIENCE_MS = 5_000;

interface Waiting {
  event: CoreEvent;
  isReady: boolean;
  timer: NodeJS.Timeout | undefined;
}

/** First in, first out. An event without a crash waits only for those before it. */
export class EventLine {
  readonly #finished: (id: string) => Promise<FinishedCard>;
  readonly #tell: (event: CoreEvent) => void;
  #waiting: Waiting[] = [];

  /**
   * @param finished waits for a crash card
   * @param tell takes an event whose turn has come
   */
  constructor(finished: (id: string) => Promise<FinishedCard>, tell: (event: CoreEvent) => void) {
    this.#finished = finished;
    this.#tell = tell;
  }

  /** Takes an event. */
  add(event: CoreEvent): void {
    const waiting: Waiting = { event, isReady: event.crash === null, timer: undefined };
    this.#waiting.push(waiting);
    if (event.crash !== null) {
      waiting.timer = setTimeout(() => this.#ready(waiting), PATIENCE_MS).unref();
      void this.#finished(event.crash.id).then((card) => this.#found(waiting, card));
    }
    this.#next();
  }

  /** Forgets the events of a module, or of none. */
  drop(module: string | null): void {
    this.#forget(({ event }) => event.module === module);
    this.#next();
  }

  /** Forgets all. */
  close(): void {
    this.#forget(() => true);
  }

  #forget(isMeant: (waiting: Waiting) => boolean): void {
    for (const waiting of this.#waiting.filter(isMeant)) clearTimeout(waiting.timer);
    this.#waiting = this.#waiting.filter((waiting) => !isMeant(waiting));
  }

  #found(waiting: Waiting, { path, frame }: FinishedCard): void {
    const { event } = waiting;
    if (event.crash !== null) {
      waiting.event = { ...event, crash: { ...event.crash, path, function: frame?.function ?? null } };
    }
    this.#ready(waiting);
  }

  #ready(waiting: Waiting): void {
    clearTimeout(waiting.timer);
    waiting.isReady = true;
    this.#next();
  }

  #next(): void {
    for (let first = this.#waiting[0]; first?.isReady; first = this.#waiting[0]) {
      this.#waiting.shift();
      this.#tell(first.event);
    }
  }
}
