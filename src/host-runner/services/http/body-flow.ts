/** Hands on the body of a response: decoded, and no faster than its receiver takes it. */

import { BodyDecoder } from './body-decoder.js';
import type { HttpFailure } from './failure.js';
import type { Progress } from './progress.js';

/** Who gets the body. */
export interface BodyTaker {
  /** @returns whether more may follow now; else after {@link BodyFlow.resume} */
  data(percent: number, bytes: Buffer): boolean;
  ended(): void;
  failed(failure: HttpFailure): void;
  /** Whether more should be read of the connection now. */
  paced(isWanted: boolean): void;
  /** Something was handed on, or waits now. */
  moved(): void;
  /** Takes a step, in which a mistake of ours may come to light. */
  guard(step: () => void): void;
}

/** Holds the bytes that cannot be taken yet. They are few, because the connection is not read meanwhile. */
export class BodyFlow {
  readonly #progress: Progress;
  readonly #taker: BodyTaker;
  #codings: string[] = [];
  #decoder: BodyDecoder | null = null;
  /** The taker takes no data for now. */
  #held = false;
  /** The decoder takes no data for now. */
  #full = false;
  /** Bytes that came after the taker had stopped taking. */
  #waiting: Buffer[] = [];
  #isWhole = false;
  #isOver = false;

  constructor(progress: Progress, taker: BodyTaker) {
    this.#progress = progress;
    this.#taker = taker;
  }

  /** The whole body has come. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** Nothing more is taken for now. */
  get isHeld(): boolean {
    return this.#held || this.#full;
  }

  /**
   * The header has come.
   *
   * @param codings - as `codingsOf` returns them; none: the body is handed on as it comes
   * @param isWanted - whether the body may follow now
   */
  begin(codings: string[], isWanted: boolean): void {
    this.#codings = codings;
    this.#held = !isWanted;
    this.#goOn();
  }

  push(chunk: Buffer): void {
    this.#waiting.push(chunk);
    this.#goOn();
  }

  /** Nothing more will come. */
  finish(): void {
    this.#isWhole = true;
    this.#goOn();
  }

  /** The taker takes data again. */
  resume(): void {
    if (!this.#held || this.#isOver) return;
    this.#held = false;
    this.#taker.guard(() => {
      this.#decoder?.resume();
      this.#goOn();
    });
  }

  /** Nothing more is handed on. */
  stop(): void {
    this.#isOver = true;
    this.#decoder?.destroy();
    this.#waiting = [];
  }

  /** Hands on what has come, as far as there is room for it. */
  #goOn(): void {
    while (!this.#isOver && !this.#isStopped()) {
      const chunk = this.#waiting.shift();
      if (chunk === undefined) break;
      this.#take(chunk);
    }
    if (this.#isOver) return;
    if (this.#isWhole) this.#close();
    else this.#taker.paced(!this.#isStopped());
    this.#taker.moved();
  }

  #isStopped(): boolean {
    return this.#full || (this.#held && this.#decoder === null);
  }

  #take(chunk: Buffer): void {
    this.#progress.add(chunk.length);
    if (this.#codings.length === 0) {
      this.#hand(this.#progress.percent, chunk);
      return;
    }
    this.#decoder ??= this.#decode();
    this.#full = !this.#decoder.write(chunk);
  }

  #close(): void {
    if (this.#waiting.length > 0 || this.#isStopped()) return;
    if (this.#decoder) this.#decoder.end();
    else this.#taker.ended();
  }

  #decode(): BodyDecoder {
    const { guard, ended, failed } = this.#taker;
    return new BodyDecoder(this.#codings, {
      data: (bytes) => guard(() => this.#hand(1, bytes)),
      drained: () =>
        guard(() => {
          this.#full = false;
          this.#goOn();
        }),
      end: () => guard(ended),
      failed,
    });
  }

  #hand(percent: number, bytes: Buffer): void {
    if (this.#isOver) return;
    this.#held = !this.#taker.data(percent, bytes);
    if (this.#held) this.#decoder?.pause();
    this.#taker.moved();
  }
}
