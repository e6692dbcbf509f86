/** Whether the peer takes what was written. A part of a large write counts too, because a slow reader may need long for it. */

import type { Socket } from 'node:net';
import { unreadAtPeer } from '../libc.js';
import { handleOf } from './handle.js';

/** Of one connection. */
export class Uptake {
  readonly #socket: Socket;
  /**
   * Over a network, bytes that the other machine has not confirmed count, because it may be gone. Otherwise bytes that the
   * program has not read count, because it may be slow.
   */
  readonly #isNetwork: boolean;
  #takenBytes = 0;
  #progressMs: number;

  constructor(socket: Socket, nowMs: number) {
    this.#socket = socket;
    this.#isNetwork = socket.remoteAddress !== undefined;
    this.#progressMs = nowMs;
  }

  /** It has taken something, or there was nothing before now. */
  note(nowMs: number): void {
    this.#progressMs = nowMs;
  }

  /** For how long it has not taken anything, though there is something: exact to the time between two calls. */
  stalledMs(nowMs: number): number {
    const { fd, bytesWritten, writeQueueSize } = handleOf(this.#socket);
    const unread = fd < 0 ? 0 : unreadAtPeer(fd);
    const isOwed = this.#socket.writableLength > 0 || (this.#isNetwork && unread > 0);
    const taken = bytesWritten - writeQueueSize - unread;
    if (!isOwed || taken > this.#takenBytes) this.#progressMs = nowMs;
    this.#takenBytes = Math.max(this.#takenBytes, taken);
    return nowMs - this.#progressMs;
  }
}
