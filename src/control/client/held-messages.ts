/** Messages of modules that a client holds until it knows the outcome that comes before them. */

import type { WireSent } from '../frames.js';

const MAX_MESSAGES = 10_000;
const MAX_BYTES = 64 * 1024 * 1024;

/** As many as there is room for; the others are counted. */
export class HeldMessages {
  #messages: WireSent[] = [];
  #bytes = 0;
  dropped = 0;

  add(message: WireSent): void {
    const bytes = message.payload?.length ?? 0;
    if (this.#messages.length >= MAX_MESSAGES || this.#bytes + bytes > MAX_BYTES) {
      this.dropped += 1;
      return;
    }
    this.#messages.push(message);
    this.#bytes += bytes;
  }

  /** Those held, in their order; none is held any more. */
  take(): WireSent[] {
    this.#bytes = 0;
    return this.#messages.splice(0);
  }
}
