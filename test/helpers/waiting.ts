/** Waits for conditions, which are checked whenever something has happened. */
export class Waiting {
  #all: { holds: () => boolean; done: () => void; fail: (error: Error) => void }[] = [];

  /** Resolves when the condition holds. */
  until(holds: () => boolean): Promise<void> {
    return new Promise((done, fail) => {
      if (holds()) done();
      else this.#all.push({ holds, done, fail });
    });
  }

  /** Something has happened. */
  look(): void {
    const held = this.#all.filter(({ holds }) => holds());
    this.#all = this.#all.filter((entry) => !held.includes(entry));
    for (const { done } of held) done();
  }

  /** The conditions will never hold. */
  fail(error: Error): void {
    for (const { fail } of this.#all.splice(0)) fail(error);
  }
}
