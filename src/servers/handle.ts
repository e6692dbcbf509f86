/** What Node keeps of a socket, and has no name for. */

import type { Socket } from 'node:net';

/** As far as it is there: none of it is, once the socket is closed. */
export interface Handle {
  /** Below 0 where there is none. */
  fd: number;
  /** Bytes of the write in progress that the system has not taken. */
  writeQueueSize: number;
  /** All bytes that were written, those included that the system has not taken. */
  bytesWritten: number;
}

export function handleOf(socket: Socket): Handle {
  const { _handle: handle } = socket as Socket & { _handle?: Partial<Handle> };
  const { fd = -1, writeQueueSize = 0, bytesWritten = 0 } = handle ?? {};
  return { fd, writeQueueSize, bytesWritten };
}
