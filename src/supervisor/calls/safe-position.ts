/**
 * Up to which position everything that one host sent is safe. If the core is killed, the next core reads what follows from the
 * black box.
 */

import type { SendKeeper } from '../types.js';

const NOWHERE = -1;

/**
 * Positions of the black box. Where nothing is sent, all that was read is safe. One wait at a time: what is sent meanwhile
 * waits for the next.
 */
export class SafePosition {
  readonly #keeper: Pick<SendKeeper, 'settled'> | null;
  readonly #moved: () => void;
  #read = 0;
  /** Where the read began that the present wait is for. */
  #heldAt = NOWHERE;
  /** Where the first read began that had sends after that. */
  #nextAt = NOWHERE;
  #isOpen = true;

  /**
   * @param keeper `null`: what was read is taken, and safe
   * @param moved told when a wait is over
   */
  constructor(keeper: Pick<SendKeeper, 'settled'> | null, moved: () => void) {
    this.#keeper = keeper;
    this.#moved = moved;
  }

  get position(): number {
    return this.#heldAt === NOWHERE ? this.#read : this.#heldAt;
  }

  /** Whether sends that were read are not safe yet. */
  get isHeld(): boolean {
    return this.#heldAt !== NOWHERE;
  }

  /** Everything between two positions was read. @param hasSends whether the keeper was given any of it */
  read(from: number, to: number, hasSends: boolean): void {
    this.#read = to;
    if (!hasSends) return;
    if (this.#heldAt === NOWHERE) this.#hold(from);
    else if (this.#nextAt === NOWHERE) this.#nextAt = from;
  }

  /** Nobody asks any more, and nobody is told. */
  close(): void {
    this.#isOpen = false;
  }

  #hold(from: number): void {
    const settled = this.#keeper?.settled() ?? null;
    if (settled === null) return;
    this.#heldAt = from;
    void settled.then(() => this.#release());
  }

  #release(): void {
    const next = this.#nextAt;
    this.#heldAt = NOWHERE;
    this.#nextAt = NOWHERE;
    if (!this.#isOpen) return;
    if (next !== NOWHERE) this.#hold(next);
    this.#moved();
  }
}
