/** Reports for the core, as the shim writes them: in blocks, of which each frame is a part. */

import type { Shim } from './shim.js';

const BLOCK_BYTES = 256 * 1024;
/** With less room than this a new block is begun: frames become no smaller than they need be. */
const LEAST_BYTES = 16 * 1024;

/** Hands out what the module did as frames. */
export class Reports {
  readonly #shim: Pick<Shim, 'drain'>;
  /** What is left of the block; the frames before it are on their way, and are not copied once more. */
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
