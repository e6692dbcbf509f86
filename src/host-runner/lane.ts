/** Calls of one kind, in the frames that the core has sent: they are read and made there. */

import { performance } from 'node:perf_hooks';
import { BATCH, type Shim } from './shim.js';

/** A frame that holds calls. */
export interface HeldFrame {
  bytes: Buffer;
  /** What the shim notes about it: how far each lane has come, and how many calls each has left. */
  batch: Uint32Array;
}

const MICROS_IN_MS = 1000;

/** The shim's numbers of the lanes. */
const NUMBER = { message: 0, notification: 1 } as const;

/** First come, first served. */
export class Lane {
  readonly #name: keyof typeof NUMBER;
  readonly #shim: Pick<Shim, 'run'>;
  readonly #frames: HeldFrame[] = [];

  constructor(name: keyof typeof NUMBER, shim: Pick<Shim, 'run'>) {
    this.#name = name;
    this.#shim = shim;
  }

  get isEmpty(): boolean {
    return this.#frames.length === 0;
  }

  /** Takes the calls of this kind that a frame holds. */
  push(frame: HeldFrame): void {
    if (this.#left(frame) > 0) this.#frames.push(frame);
  }

  /**
   * Makes the next calls, for so long at most.
   *
   * @returns how many; 0: there is no room in the box
   */
  run(micros: number): number {
    const until = performance.now() + micros / MICROS_IN_MS;
    let made = 0;
    for (let leftMicros = micros; leftMicros > 0 && this.#frames.length > 0; ) {
      const more = this.#runFirst(leftMicros);
      made += more;
      if (more === 0) break;
      leftMicros = Math.floor((until - performance.now()) * MICROS_IN_MS);
    }
    return made;
  }

  #runFirst(micros: number): number {
    const frame = this.#frames[0] as HeldFrame;
    const made = this.#shim.run(frame.bytes, frame.bytes.length, frame.batch, NUMBER[this.#name], micros);
    if (this.#left(frame) === 0) this.#frames.shift();
    return made;
  }

  #left({ batch }: HeldFrame): number {
    return batch[BATCH.left[this.#name]] ?? 0;
  }
}
