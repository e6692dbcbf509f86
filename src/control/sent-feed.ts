/** Tells clients what modules send while they watch: each message once to each client, encoded once for all. */

import type { SentMessage } from '../supervisor/types.js';
import type { Connection } from './connection.js';
import { encodeReply, toWireSent } from './frames.js';

/** Where modules' messages are announced. */
export interface SentMessages {
  on(event: 'sent', listener: (sent: SentMessage) => void): unknown;
  off(event: 'sent', listener: (sent: SentMessage) => void): unknown;
}

/** Listens as long as anybody watches. It only watches: who takes what modules send takes it as without it. */
export class SentFeed {
  readonly #source: SentMessages;
  /** How many sends of each are open. */
  readonly #watching = new Map<Connection, number>();

  readonly #listen = (sent: SentMessage): void => {
    let bytes: Uint8Array | null = null;
    const encode = () => (bytes ??= encodeReply({ sent: toWireSent(sent) }));
    for (const connection of this.#watching.keys()) connection.tell(encode);
  };

  constructor(source: SentMessages) {
    this.#source = source;
  }

  /** Tells a client what modules send from now on; once for each of its sends. */
  add(connection: Connection): void {
    if (this.#watching.size === 0) this.#source.on('sent', this.#listen);
    this.#watching.set(connection, (this.#watching.get(connection) ?? 0) + 1);
  }

  /** Ends what one {@link add} began. */
  remove(connection: Connection): void {
    const sends = this.#watching.get(connection);
    if (sends === undefined) return;
    if (sends > 1) this.#watching.set(connection, sends - 1);
    else this.forget(connection);
  }

  /** Ends all that a client watches. */
  forget(connection: Connection): void {
    if (this.#watching.delete(connection) && this.#watching.size === 0) this.#source.off('sent', this.#listen);
  }
}
