/** Whether a server takes what was written to it. A part of a large write counts too: it may take long, read slowly. */

import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { unreadAtPeer } from '../libc.js';
import { handleOf } from './handle.js';

/** Of one connection. */
export class Intake {
  readonly #socket: Socket;
  /** What the server had not taken when it was last looked. */
  #left = '';
  /** When it last took something, or nothing was there for it to take. */
  #progressMs = performance.now();

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** It has taken something, or there was nothing before now. */
  note(nowMs: number): void {
    this.#progressMs = nowMs;
  }

  /** For how long it has not taken anything, though there is something: exact to the time between two calls. */
  stalledMs(nowMs: number): number {
    const left = this.#socket.writableLength === 0 ? '' : this.#look();
    if (left === '' || left !== this.#left) this.#progressMs = nowMs;
    this.#left = left;
    return nowMs - this.#progressMs;
  }

  /** What Node still has of a write that is in progress, and what the system has: one of them changes when the server reads. */
  #look(): string {
    const { fd, writeQueueSize } = handleOf(this.#socket);
    return `${writeQueueSize} ${fd < 0 ? 0 : unreadAtPeer(fd)}`;
  }
}
