/** A server that takes what modules send. */

import type { Attachment, Send, SendSource } from '../../src/sends/types.js';

/** What it got, and its connection. */
export class TakingServer {
  readonly got: Send[] = [];
  readonly attachment: Attachment;
  readonly #isAcknowledging: boolean;
  #more: () => void = () => {};

  /** @param how `window`: as of a taker. `acknowledge`: each one as it comes */
  constructor(sends: SendSource, server: string, how: { window?: number; acknowledge?: boolean } = {}) {
    const { window = 64, acknowledge = false } = how;
    this.#isAcknowledging = acknowledge;
    this.attachment = sends.attach({ server, window, deliver: (send) => this.#take(send) });
  }

  get texts(): string[] {
    return this.got.map(({ payload }) => Buffer.from(payload).toString());
  }

  /** Resolves when it has got so many. */
  async gets(count: number): Promise<void> {
    while (this.got.length < count) {
      await new Promise<void>((resolve) => {
        this.#more = resolve;
      });
    }
  }

  /** @returns whether each was known */
  acknowledgeAll(): boolean[] {
    return this.got.map(({ sentId }) => this.attachment.acknowledge(sentId));
  }

  #take(send: Send): void {
    this.got.push(send);
    this.#more();
    // Not within this call: a server answers later.
    if (this.#isAcknowledging) setImmediate(() => this.attachment.acknowledge(send.sentId));
  }
}
