/** The host's end of the link: one PAIR socket, frames in order, one send at a time. */

import { unlinkSync } from 'node:fs';
import { Pair } from 'zeromq';
import { type CoreFrame, decodeCoreFrame, encodeHostFrame, type HostFrame, proofOf } from '../wire/codec.js';
import { Outbox } from '../wire/outbox.js';

/** Above every frame of a core: the largest `max_message` is half of it. */
const MAX_FRAME_BYTES = 128 * 1024 * 1024;

/** The connection of a host to its core. */
export class CoreLink {
  readonly #path: string;
  // It takes one peer and turns away every other one.
  readonly #socket = new Pair({
    linger: 0,
    sendHighWaterMark: 0,
    receiveHighWaterMark: 64,
    maxMessageSize: MAX_FRAME_BYTES,
  });
  readonly #outbox = new Outbox<Uint8Array>((frame) => this.#socket.send(frame));

  /**
   * Listens at `path`, which nobody but this user may connect to.
   *
   * @throws an error of the system when that cannot be had
   */
  constructor(path: string) {
    this.#path = path;
    const umask = process.umask(0o177);
    try {
      this.#socket.bindSync(`ipc://${path}`);
    } finally {
      process.umask(umask);
    }
  }

  /**
   * Waits for the core. From then on nobody else can connect: there is no path to the socket any more.
   *
   * @returns `false`: who came first is not the core that holds `token`
   */
  async meet(token: string): Promise<boolean> {
    const [bytes] = await this.#socket.receive();
    unlinkSync(this.#path);
    try {
      return decodeCoreFrame(bytes as Buffer).greeting?.proof === proofOf(token);
    } catch {
      return false;
    }
  }

  /** Queues one frame. What is queued is bounded by what the core has not acknowledged of the black box. */
  send(frame: HostFrame): void {
    this.#outbox.push(encodeHostFrame(frame));
  }

  /** Calls `receive` for each frame of the core, until the process ends. */
  async listen(receive: (frame: CoreFrame) => void): Promise<void> {
    for await (const frames of this.#socket) receive(decodeCoreFrame(frames[0] as Buffer));
  }

  /** Closes the connection; a process that ends need not. */
  close(): void {
    this.#socket.close();
  }
}
