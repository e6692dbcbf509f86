/** The process that has connected. A copy of its socket may outlive it, in what it forked. */

import type { Socket } from 'node:net';
import { peerOf } from '../libc.js';
import { hasEnded, markProcess, type ProcessMark } from '../proc.js';
import { handleOf } from '../servers/handle.js';

/** As far as the system tells it. */
export class Peer {
  readonly #mark: ProcessMark | null;

  constructor(socket: Socket) {
    const { fd } = handleOf(socket);
    const pid = fd >= 0 ? peerOf(fd) : 0;
    // That of a process that is in another namespace of pids is 0.
    this.#mark = pid > 0 ? markProcess(pid) : null;
  }

  /** Whether it has ended; unknown for a process that is not known. */
  get hasEnded(): boolean {
    return this.#mark !== null && hasEnded(this.#mark);
  }
}
