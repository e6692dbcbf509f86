/** A queue with one reader, who may wait for a bounded time. */
export class Mailbox<T> {
  readonly #items: T[] = [];
  #error: Error | undefined;
  #wake: (() => void) | undefined;

  /** Adds an item behind those not yet taken. */
  put(item: T): void {
    this.#items.push(item);
    this.#wake?.();
  }

  /** Lets every read from now on fail, once the items already here are taken. */
  fail(error: Error): void {
    this.#error ??= error;
    this.#wake?.();
  }

  /**
   * Takes the first item.
   *
   * @returns `undefined` when none came within `limitMs`.
   * @throws the error given to `fail`.
   */
  async take(limitMs: number): Promise<T | undefined> {
    if (this.#items.length === 0 && !this.#error) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, limitMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = undefined;
    }
    const item = this.#items.shift();
    if (item === undefined && this.#error) throw this.#error;
    return item;
  }
}
