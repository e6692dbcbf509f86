/** Those who take sends, and what they have of them. */

import { IllegalStateError } from '../errors.js';
import type { Dispatch, Holder } from './queue/dispatch.js';
import type { Entry } from './queue/entry.js';
import type { Attachment, Send, SendTaker } from './types.js';

/** What they need, and who is told. */
export interface TakingsOptions {
  dispatch: Dispatch;
  /** The clock of `performance.now()`. */
  now(): number;
  /** A server is known that was not. */
  nameKnown(): void;
  /** One is about to be given to a server. */
  given(send: Send): void;
  delivered(entry: Entry): void;
  refused(entry: Entry, server: string): void;
  /** How long one may wait still; 0 or less: not any more. */
  leftMs(entry: Entry): number;
  expired(entry: Entry): void;
  /** Something may be given now that could not before. */
  wake(): void;
}

interface Taking {
  taker: SendTaker;
  holder: Holder;
}

/** One for each server. */
export class Takings {
  readonly #options: TakingsOptions;
  readonly #all = new Map<string, Taking>();

  constructor(options: TakingsOptions) {
    this.#options = options;
  }

  /** How many there are. */
  get size(): number {
    return this.#all.size;
  }

  /** What they have and have not acknowledged. */
  get unacknowledged(): number {
    let count = 0;
    for (const { holder } of this.#all.values()) count += holder.held.size;
    return count;
  }

  /** @throws {IllegalStateError} `SERVER_NAME_TAKEN` */
  attach(taker: SendTaker): Attachment {
    const { server, window, perModule = null } = taker;
    const { dispatch, now, nameKnown, delivered, refused, wake } = this.#options;
    if (dispatch.isHere(server)) {
      throw new IllegalStateError('SERVER_NAME_TAKEN', `somebody else takes the sends for the server ${server}`, {
        remedy: 'use another name, or end the other one first',
      });
    }
    const isNew = !dispatch.isKnown(server);
    const holder = dispatch.attach(server, window, now(), perModule);
    if (isNew) nameKnown();
    const taking = { taker, holder };
    this.#all.set(server, taking);
    wake();
    return {
      acknowledge: (sentId) => this.#released(holder, sentId, delivered),
      refuse: (sentId) => this.#released(holder, sentId, (entry) => refused(entry, server)),
      expire: (sentId) => this.#expire(holder, sentId),
      detach: () => this.#detach(taking),
    };
  }

  /** Gives each server what it takes. */
  give(nowMs: number): void {
    for (const taking of this.#all.values()) this.#giveTo(taking, nowMs);
  }

  #giveTo({ taker, holder }: Taking, nowMs: number): void {
    const { dispatch, given, refused } = this.#options;
    const next = () => dispatch.take(holder, nowMs);
    for (let entry = next(); entry !== null; entry = next()) {
      try {
        const send = entry.toSend();
        given(send);
        taker.deliver(send);
      } catch (error) {
        // It surfaces on its own, as that of any listener.
        setImmediate(() => {
          throw error;
        });
        this.#released(holder, entry.sentId, (entry) => refused(entry, taker.server));
      }
    }
  }

  #released(holder: Holder, sentId: string, then: (entry: Entry) => void): boolean {
    const { dispatch, now, wake } = this.#options;
    const entry = dispatch.release(holder, sentId, now());
    if (entry === null) return false;
    then(entry);
    wake();
    return true;
  }

  #expire(holder: Holder, sentId: string): number {
    const entry = holder.held.get(sentId);
    if (!entry) return 0;
    const { leftMs, expired } = this.#options;
    const left = leftMs(entry);
    if (left > 0) return left;
    this.#released(holder, sentId, expired);
    return 0;
  }

  #detach({ taker, holder }: Taking): void {
    if (this.#all.get(taker.server)?.holder !== holder) return;
    this.#all.delete(taker.server);
    this.#options.dispatch.detach(holder);
    this.#options.wake();
  }
}
