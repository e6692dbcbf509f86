/** The host's end of the link: one PAIR socket, frames in order, one send at a time. */

import { unlinkSync } from 'node:fs';
import { Pair } from 'zeromq';
import { decodeCoreFrame, encodeHostFrame, type HostFrameFields, proofOf } from '../wire/codec.js';
import { Outbox } from '../wire/outbox.js';

/** libzmq's number of it; zeromq has no name for it. */
const ZMQ_IPC_FILTER_PID = 58;

/** Takes one peer, from one process. The kernel says which process connects; any other connection is closed at once. */
class FilteredPair extends Pair {
  constructor(pid: number) {
    super({ linger: 0, sendHighWaterMark: 0, receiveHighWaterMark: 0 });
    this.setInt32Option(ZMQ_IPC_FILTER_PID, pid);
  }
}

/** The connection of a host to its core. */
export class CoreLink {
  readonly #path: string;
  readonly #socket: FilteredPair;
  readonly #outbox = new Outbox<Uint8Array>((frame) => this.#socket.send(frame));

  /**
   * Listens at `path` for the process `corePid`.
   *
   * @throws an error of the system when that cannot be had
   */
  constructor(path: string, corePid: number) {
    this.#path = path;
    this.#socket = new FilteredPair(corePid);
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
   * @returns `false`: the peer does not know the token
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
  send(frame: HostFrameFields): void {
    this.sendEncoded(encodeHostFrame(frame));
  }

  /** The same with an encoded frame. Its bytes must not change afterwards. */
  sendEncoded(frame: Uint8Array): void {
    this.#outbox.push(frame);
  }

  /** Calls `receive` for each frame of the core as it came, until the process ends. */
  async listen(receive: (bytes: Buffer) => void): Promise<void> {
    for await (const frames of this.#socket) receive(frames[0] as Buffer);
  }

  /** Closes the connection; a process that ends need not. */
  close(): void {
    this.#socket.close();
  }
}
