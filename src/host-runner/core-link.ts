/** The host's end of the link: one DEALER socket, frames in order, one send at a time. */

import { Dealer } from 'zeromq';
import { type CoreFrame, decodeCoreFrame, encodeHostFrame, type HostFrame } from '../wire/codec.js';
import { Outbox } from '../wire/outbox.js';

/** The connection of a host to its core. */
export class CoreLink {
  readonly #socket = new Dealer({ linger: 0, sendHighWaterMark: 0, receiveHighWaterMark: 0 });
  readonly #outbox = new Outbox<Uint8Array>((frame) => this.#socket.send(frame));

  /** Connects to the core's endpoint; frames wait until the connection stands. */
  constructor(endpoint: string) {
    this.#socket.connect(endpoint);
  }

  /** Queues one frame. What is queued is bounded by what the core has not acknowledged of the black box. */
  send(frame: HostFrame): void {
    this.#outbox.push(encodeHostFrame(frame));
  }

  /** Calls `receive` for each frame of the core, until the process ends. */
  async listen(receive: (frame: CoreFrame) => void): Promise<void> {
    for await (const frames of this.#socket) receive(decodeCoreFrame(frames[0] as Buffer));
  }
}
