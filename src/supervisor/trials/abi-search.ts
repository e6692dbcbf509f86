/** Finds the ABI of a module's file, over the hosts that this takes; pure but for the memory it is given. */

import type { AbiName } from '../../config/types.js';
import type { Ready } from '../../wire/codec.js';
import type { ModuleStatus } from '../types.js';
import type { AbiMemory } from './abi-memory.js';
import {
  chooseAbi,
  describeFound,
  describeNone,
  failTry,
  isConclusive,
  NO_TRIAL,
  nextAbi,
  type Offer,
  type Trial,
} from './trial.js';

/** What a host that is ready said, and what told its ABI. */
export interface Found {
  ready: Ready;
  abiSource: ModuleStatus['abiSource'];
}

/** One search, from the first host of a file to one that serves, or to none. */
export class AbiSearch {
  readonly #memory: AbiMemory;
  #trial: Trial = NO_TRIAL;

  constructor(memory: AbiMemory) {
    this.#memory = memory;
  }

  /** Chooses what a host tries whose file does not tell. */
  choose(offer: Offer): AbiName {
    const chosen = chooseAbi(this.#trial, offer, this.#memory.find(offer.sha256));
    this.#trial = chosen;
    return chosen.abi;
  }

  /**
   * Notes that a try failed.
   *
   * @returns what is tried next, or why there is nothing left; both `null` when nothing was being tried
   */
  fail(text: string, timedOut: boolean): { next: AbiName | null; none: string | null } {
    // The remembered ABI no longer works: the next start tries again.
    if (this.#trial.kind === 'remembered') this.#memory.forget(this.#trial.offer.sha256);
    this.#trial = failTry(this.#trial, text, timedOut);
    return { next: nextAbi(this.#trial), none: describeNone(this.#trial) };
  }

  /**
   * Ends with a host that is ready.
   *
   * @param tried - whether that host tried an ABI
   * @param configured - the ABI that the configuration sets
   */
  find(said: Ready, tried: boolean, configured: AbiName | null): Found {
    const trial = this.#trial;
    this.#trial = NO_TRIAL;
    const abiSource = configured ? 'configuration' : tried ? 'trial' : said.abiSource === 'note' ? 'note' : 'symbols';
    if (!tried || trial.kind === 'none') return { ready: said, abiSource };
    if (isConclusive(trial)) this.#memory.remember(trial.offer.sha256, trial.abi);
    return { ready: { ...said, abi: trial.abi, abiReason: describeFound(trial) }, abiSource };
  }

  /** Ends without one: the next host begins anew. */
  giveUp(): void {
    this.#trial = NO_TRIAL;
  }
}
