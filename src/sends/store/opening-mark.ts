/** A mark beside a store while it is being opened. It stays when the process ends meanwhile. */

import { readFileSync, rmSync, writeFileSync } from 'node:fs';

/**
 * If this many processes in a row have ended while opening a store, it is not opened again. Fewer may have been killed by
 * chance.
 */
export const MAX_ENDS = 5;

/** The mark of one store. It only has to outlive the process, so reaching the kernel is enough. */
export class OpeningMark {
  readonly #path: string;
  #ends = 0;

  constructor(folder: string) {
    this.#path = `${folder}.opening`;
  }

  /** Whether opening it has ended too many processes. */
  isTooMuch(): boolean {
    this.#ends = this.#read();
    return this.#ends >= MAX_ENDS;
  }

  /** To be called before it is opened. If the disk does not take the mark, the store is opened all the same. */
  set(): void {
    try {
      writeFileSync(this.#path, `${this.#ends + 1}\n`, { mode: 0o600 });
    } catch {
      return;
    }
  }

  /** It has been opened, or could not be and the process lives. */
  remove(): void {
    try {
      rmSync(this.#path, { recursive: true, force: true });
    } catch {
      // It counts as one end.
    }
  }

  /** How many processes in a row have ended. */
  #read(): number {
    try {
      const text = readFileSync(this.#path, 'utf8');
      return /^\d{1,3}\n$/.test(text) ? Number(text) : 1;
    } catch {
      return 0;
    }
  }
}
