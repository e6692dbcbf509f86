/** Reports for the core. The shim writes them into blocks; each frame is a part of a block. */

import type { Shim } from './shim.js';

const BLOCK_BYTES = 256 * 1024;
/** With less room than this a new block begins, so that frames are not needlessly small. */
const LEAST_BYTES = 16 * 1024;

/** Hands out what the module did as frames. */
export class Reports {
  readonly #shim: Pick<Shim, 'drain'>;
  /** The rest of the block. The frames before it are being sent and are not copied again. */
  #room: Buffer = Buffer.alloc(0);

  constructor(shim: Pick<Shim, 'drain'>) {
    this.#shim = shim;
  }

  /** The next frame; `null`: everything that the box holds is reported. */
  next(): Buffer | null {
    if (this.#room.length < LEAST_BYTES) this.#room = Buffer.allocUnsafeSlow(BLOCK_BYTES);
    let length = this.#shim.drain(this.#room, this.#room.length);
    if (length < 0) {
      this.#room = Buffer.allocUnsafeSlow(Math.max(BLOCK_BYTES, -length));
      length = this.#shim.drain(this.#room, this.#room.length);
    }
    if (length <= 0) return null;
    const frame = this.#room.subarray(0, length);
    this.#room = this.#room.subarray(length);
    return frame;
  }
}
