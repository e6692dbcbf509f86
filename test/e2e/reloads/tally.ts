/** What becomes of each message while a module is reloaded again and again: it keeps nothing, so it may watch for ever. */

import type { LogLine, Outcome } from 'mesibo-modules';

/** Counts, and the first few that are not as they should be. */
export class Tally {
  /** Messages with an outcome. */
  answered = 0;
  /** Messages that a module has logged. */
  handled = 0;
  readonly faults: string[] = [];
  readonly #next: number[];
  #version = 0;

  /** @param senders - each numbers its messages from 0 */
  constructor(senders: number) {
    this.#next = Array.from({ length: senders }, () => 0);
  }

  /** An outcome came in. */
  note({ trace }: Outcome): void {
    this.answered += 1;
    for (const entry of trace) if (entry.default !== null) this.#fault(`default verdict: ${entry.default}`);
  }

  /** A module logged `VERSION SENDER:NUMBER`. */
  read({ source, text }: LogLine): void {
    if (source !== 'module') return;
    const [version, sender, number] = text.split(/[ :]/).map(Number) as [number, number, number];
    this.handled += 1;
    // The generations come one after the other, and none of them handles a message of another.
    if (version < this.#version) this.#fault(`version ${version} after version ${this.#version}: ${text}`);
    this.#version = version;
    // Each once and in order: nothing is lost and nothing doubled.
    const expected = this.#next[sender];
    if (number !== expected) this.#fault(`message ${number} in the place of ${expected}: ${text}`);
    this.#next[sender] = number + 1;
  }

  /** How many messages of each sender were handled. */
  get handledOf(): readonly number[] {
    return this.#next;
  }

  #fault(text: string): void {
    if (this.faults.length < 10) this.faults.push(text);
  }
}
