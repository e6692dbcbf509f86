/** Sends one after the other on a socket that may not be sent to before the last send is done. */
export class Sender<T> {
  readonly #write: (message: T) => Promise<void>;
  #waiting: T[] = [];
  #busy = false;

  constructor(write: (message: T) => Promise<void>) {
    this.#write = write;
  }

  send(message: T): void {
    this.#waiting.push(message);
    if (!this.#busy) void this.#drain();
  }

  async #drain(): Promise<void> {
    this.#busy = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      for (const message of batch) await this.#write(message);
    }
    this.#busy = false;
  }
}
