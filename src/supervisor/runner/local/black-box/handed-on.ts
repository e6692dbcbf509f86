/** The core's notes in a black box: how far it has handed on what the host sent, for the core after a killed one. */

import { writeSync } from 'node:fs';
import { BOX } from '../../../../wire/black-box.js';

/**
 * Without a keeper, each message is noted right after it was announced, so at most one is announced twice. A keeper recognises
 * what it was given before, so its progress is noted only now and then. If nothing is sent, nothing is written, because this is
 * on the path of every message.
 */
export class HandedOnNotes {
  readonly #fd: number;
  readonly #bytes = Buffer.alloc(16);
  #position = 0;
  #sends = 0;

  /** @param fd of the black box */
  constructor(fd: number) {
    this.#fd = fd;
  }

  /** What is sent from here on follows `position`, and `sends` messages after it were handed on already. */
  begin(position: number, sends = 0): void {
    this.#position = position;
    this.#sends = sends;
  }

  /** One message was announced. */
  handedOn(): void {
    this.count();
    this.write();
  }

  /** One message was announced, which is noted with the next {@link write}. */
  count(): void {
    this.#sends += 1;
  }

  /** Everything before a position is safe. */
  reach(position: number): void {
    this.begin(position);
    this.write();
  }

  /** Notes how far it has come. */
  write(): void {
    this.#bytes.writeBigUInt64LE(BigInt(this.#position), 0);
    this.#bytes.writeBigUInt64LE(BigInt(this.#sends), 8);
    writeSync(this.#fd, this.#bytes, 0, this.#bytes.length, BOX.taken);
  }
}
