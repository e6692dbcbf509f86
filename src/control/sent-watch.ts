/** Holds the messages that modules send until the outcome of the request that watches for them is known. */

import type { SentMessage } from '../supervisor/types.js';

/** Where modules' messages are announced. */
export interface SentMessages {
  on(event: 'message', listener: (sent: SentMessage) => void): unknown;
  off(event: 'message', listener: (sent: SentMessage) => void): unknown;
}

/** A timer of Node takes no longer one. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

/** What one watch may hold before its outcome is known. */
const MAX_HELD_MESSAGES = 10_000;
const MAX_HELD_BYTES = 64 * 1024 * 1024;

/**
 * One watch. It listens from its making on, because a module's message comes before the verdict of the call in which
 * it was sent.
 */
export class SentWatch {
  readonly #source: SentMessages;
  #held: SentMessage[] = [];
  #heldBytes = 0;
  #deliver: ((sent: SentMessage) => void) | undefined;
  #wait: { timer: NodeJS.Timeout; end: () => void } | undefined;
  #closed = false;
  /** Messages that were not held because there was no room. */
  dropped = 0;

  readonly #listen = (sent: SentMessage): void => {
    if (this.#deliver) this.#deliver(sent);
    else if (this.#held.length >= MAX_HELD_MESSAGES || this.#heldBytes + sent.payload.length > MAX_HELD_BYTES) {
      this.dropped += 1;
    } else {
      this.#held.push(sent);
      this.#heldBytes += sent.payload.length;
    }
  };

  constructor(source: SentMessages) {
    this.#source = source;
    source.on('message', this.#listen);
  }

  /** Delivers what was held, then what comes until `waitMs` passed or the watch is closed. */
  async deliver(waitMs: number, deliver: (sent: SentMessage) => void): Promise<void> {
    if (this.#closed) return;
    this.#deliver = deliver;
    for (const sent of this.#held.splice(0)) deliver(sent);
    await new Promise<void>((resolve) => {
      this.#wait = { timer: setTimeout(resolve, Math.min(waitMs, LONGEST_WAIT_MS)), end: resolve };
    });
    this.close();
  }

  /** Ends the watch; a `deliver` under way resolves. */
  close(): void {
    this.#closed = true;
    this.#source.off('message', this.#listen);
    this.#held = [];
    clearTimeout(this.#wait?.timer);
    this.#wait?.end();
  }
}
