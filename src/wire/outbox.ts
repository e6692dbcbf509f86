/** Frames on their way into a socket: zeromq takes one send at a time. */

/** Hands items to `send` in order, each when the one before it was taken. */
export class Outbox<T> {
  readonly #send: (item: T) => Promise<void>;
  readonly #waiting: T[] = [];
  #sending = false;

  /** @param send must not reject: nobody waits for what it returns */
  constructor(send: (item: T) => Promise<void>) {
    this.#send = send;
  }

  /** Queues one item. */
  push(item: T): void {
    this.#waiting.push(item);
    if (!this.#sending) void this.#pump();
  }

  /** Drops what was not begun. */
  clear(): void {
    this.#waiting.length = 0;
  }

  async #pump(): Promise<void> {
    this.#sending = true;
    for (let item = this.#waiting.shift(); item !== undefined; item = this.#waiting.shift()) await this.#send(item);
    this.#sending = false;
  }
}
