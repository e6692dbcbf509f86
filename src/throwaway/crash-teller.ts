/** Makes the crash cards of a core that has no state directory, and tells them. */

import { buildCard } from '../crashes/build-card.js';
import type { CrashCard } from '../crashes/card.js';
import { nameFrames } from '../crashes/name-frames.js';
import { Symbolizer } from '../stacks/symbolizer.js';
import type { CrashKeeper, DeathEvidence } from '../supervisor/types.js';

/** A module that dies at each message makes as many cards as there are messages: the first ones say it all. */
const MOST_CARDS = 20;

/** Tells each card as soon as its functions are known. */
export class CrashTeller implements CrashKeeper {
  readonly #tell: (card: CrashCard) => void;
  readonly #symbolizer = new Symbolizer();
  #told: Promise<void> = Promise.resolve();
  #count = 0;

  constructor(tell: (card: CrashCard) => void) {
    this.#tell = tell;
  }

  died(evidence: DeathEvidence): void {
    this.#count += 1;
    if (this.#count > MOST_CARDS) return;
    const card = buildCard(evidence);
    this.#told = this.#told.then(() => nameFrames(card, evidence, this.#symbolizer)).then(this.#tell);
  }

  /** Waits until all are told. */
  finished(): Promise<void> {
    return this.#told;
  }
}
