/** What modules send, on its way to one server that takes it. */

import type { Attachment, Send, SendSource, SendTaker } from '../sends/types.js';
import type { SendFrame } from '../wire/gateway/frames.js';

/** How sends reach a server. */
export interface SendWriter {
  /** Whether there is room for another one. */
  readonly hasRoom: boolean;
  put(frame: SendFrame): void;
}

/**
 * The sends of one connection. If a server reads slowly, the rest stays where it is kept and is written later.
 */
export class OutgoingSends implements SendTaker {
  readonly server: string;
  readonly window: number;
  readonly #writer: SendWriter;
  /** Given, and not written yet; those before `#next` are written. */
  #waiting: Send[] = [];
  #next = 0;
  /** The ids of those that are not written yet. */
  readonly #unwritten = new Set<string>();
  #attachment: Attachment | null = null;
  #unacknowledged = 0;

  constructor(server: string, window: number, writer: SendWriter) {
    this.server = server;
    this.window = window;
    this.#writer = writer;
  }

  /** Those that it has and has not acknowledged. */
  get unacknowledged(): number {
    return this.#unacknowledged;
  }

  /** Begins to take. */
  attachTo(source: SendSource): void {
    this.#attachment = source.attach(this);
  }

  deliver(send: Send): void {
    this.#unacknowledged += 1;
    this.#waiting.push(send);
    this.#unwritten.add(send.sentId);
    this.write();
  }

  /** Writes what there is room for. */
  write(): void {
    while (this.#next < this.#waiting.length && this.#writer.hasRoom) {
      const send = this.#waiting[this.#next++] as Send;
      this.#unwritten.delete(send.sentId);
      this.#writer.put(this.#frameOf(send));
    }
    if (this.#next < this.#waiting.length && this.#next < 1024) return;
    this.#waiting = this.#waiting.slice(this.#next);
    this.#next = 0;
  }

  /** The server has taken one, or refuses it. @returns whether it is one that waited for that */
  acknowledge(sentId: string, isRefused: boolean): boolean {
    // What was not written yet cannot have been taken, even if the server knows its id.
    if (this.#unwritten.has(sentId)) return false;
    const attachment = this.#attachment;
    const isKnown = (isRefused ? attachment?.refuse(sentId) : attachment?.acknowledge(sentId)) ?? false;
    if (isKnown) this.#unacknowledged -= 1;
    return isKnown;
  }

  /** Takes no more; what was not acknowledged goes to another server. */
  detach(): void {
    this.#attachment?.detach();
    this.#attachment = null;
    this.#waiting = [];
    this.#next = 0;
    this.#unwritten.clear();
    this.#unacknowledged = 0;
  }

  #frameOf({ sentId, module, cause, params, payload }: Send): SendFrame {
    const isOwn = cause?.server === this.server;
    return { kind: 'send', sentId, module, params, payload, cause: isOwn ? cause.eventId : null };
  }
}
