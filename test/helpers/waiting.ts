/** Those who wait until something holds, which is looked at whenever something has happened. */
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

  /** What they wait for does not come. */
  fail(error: Error): void {
    for (const { fail } of this.#all.splice(0)) fail(error);
  }
}
