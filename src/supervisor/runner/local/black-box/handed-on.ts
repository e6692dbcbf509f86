/** The core's notes in a black box: how far it has handed on what the host sent, for the core after a killed one. */

import { writeSync } from 'node:fs';
import { BOX } from '../../../../wire/black-box.js';

/**
 * Notes each message right after it was announced, so that at most one of them is announced again. Where nothing is
 * sent nothing is written: this is on the way of every message.
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

  /** What is sent from here on stands behind `position`, and behind `sends` that were handed on before. */
  begin(position: number, sends = 0): void {
    this.#position = position;
    this.#sends = sends;
  }

  /** One message was announced. */
  handedOn(): void {
    this.#sends += 1;
    this.#bytes.writeBigUInt64LE(BigInt(this.#position), 0);
    this.#bytes.writeBigUInt64LE(BigInt(this.#sends), 8);
    writeSync(this.#fd, this.#bytes, 0, this.#bytes.length, BOX.taken);
  }
}
