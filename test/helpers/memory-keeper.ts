/** A keeper of what modules send that has it in memory. The test says when it is safe, and when there is too much. */

import type { SendKeeper, SentMessage } from '../../src/supervisor/types.js';
import type { WireParams } from '../../src/wire/params.js';

/** A message that it was given. */
export interface Kept extends SentMessage {
  wire: WireParams;
}

export class MemoryKeeper implements SendKeeper {
  /** Each once, in the order in which they came. */
  readonly kept: Kept[] = [];
  /** How often a message came that it already had. */
  repeated = 0;
  #isHeld: boolean;
  #unsafe = 0;
  readonly #ids = new Set<string>();
  #settling: (() => void)[] = [];
  readonly #full = new Set<string>();
  #told: (module: string, isFull: boolean) => void = () => undefined;
  #waiting: { holds: () => boolean; done: () => void }[] = [];

  /** @param options.isHeld nothing is safe before {@link settle} */
  constructor({ isHeld = false } = {}) {
    this.#isHeld = isHeld;
  }

  /** How many wait until their messages are safe. */
  get waiting(): number {
    return this.#settling.length;
  }

  keep(sent: SentMessage, params: WireParams): void {
    if (this.#ids.has(sent.sentId)) {
      this.repeated += 1;
    } else {
      this.#ids.add(sent.sentId);
      this.kept.push({ ...sent, wire: params });
      if (this.#isHeld) this.#unsafe += 1;
    }
    this.#look();
  }

  async isSafe(): Promise<boolean> {
    await this.settled();
    return true;
  }

  settled(): Promise<void> | null {
    if (this.#unsafe === 0) return null;
    const settled = new Promise<void>((done) => this.#settling.push(done));
    this.#look();
    return settled;
  }

  isFull(module: string): boolean {
    return this.#full.has(module);
  }

  onFull(told: (module: string, isFull: boolean) => void): void {
    this.#told = told;
  }

  // ---- what the test says ----

  /** All that it has is safe now. */
  settle(): void {
    this.#unsafe = 0;
    for (const done of this.#settling.splice(0)) done();
  }

  /** Every message is safe at once from now on, also those that it has. */
  release(): void {
    this.#isHeld = false;
    this.settle();
  }

  /** Stops taking messages of a module, or begins again. */
  fill(module: string, isFull: boolean): void {
    if (isFull) this.#full.add(module);
    else this.#full.delete(module);
    this.#told(module, isFull);
  }

  /** Resolves when the condition holds; it is looked at whenever the keeper is asked something. */
  until(holds: () => boolean): Promise<void> {
    return new Promise((done) => {
      if (holds()) done();
      else this.#waiting.push({ holds, done });
    });
  }

  #look(): void {
    const held = this.#waiting.filter(({ holds }) => holds());
    this.#waiting = this.#waiting.filter((entry) => !held.includes(entry));
    for (const { done } of held) done();
  }
}
