/** Does the requests of modules in one process: they come over one pipe, what they bring goes back over another. */

import type { Readable, Writable } from 'node:stream';
import { HttpClient } from '../host-runner/services/http/client.js';
import { type Command, decodeCommand } from '../host-runner/services/http/commands.js';

const HEAD_BYTES = 16;
/** What comes back: kind, length, id, value; see src/in-process/native/http.c. */
const FRAME = { bytes: 24, status: 1, data: 2, end: 3 } as const;

/** Serves until `requests` ends. Responses wait for a module that is slow to take them. */
export function serveRequests(requests: Readable, answers: Writable): void {
  const paused = new Set<number>();
  answers.on('error', () => {}); // the process is gone, and its exit says the rest
  answers.on('drain', () => {
    for (const id of paused) client.resume(id);
    paused.clear();
  });
  const client = new HttpClient({
    status: (id, status, type) => flow(id, frame(FRAME.status, id, status, Buffer.from(type, 'latin1'))),
    data: (id, progress, bytes) => flow(id, frame(FRAME.data, id, progress, bytes)),
    end: (id, result, why) => void answers.write(frame(FRAME.end, id, result, Buffer.from(why))),
  });

  let unread = Buffer.alloc(0);
  requests.on('data', (chunk: Buffer) => {
    unread = Buffer.concat([unread, chunk]);
    while (unread.length >= HEAD_BYTES && unread.length >= unread.readUInt32LE(4)) {
      const size = unread.readUInt32LE(4);
      const command = decode(unread.subarray(0, size));
      // A module has written to a descriptor that is not its own: what follows makes no sense either.
      if (command === null) {
        requests.destroy();
        return;
      }
      unread = unread.subarray(size);
      if (command.kind === 'request') client.request(command.id, command.ask);
      else if (command.kind === 'cancel') client.cancel(command.id);
    }
  });
  requests.on('error', () => {});
  requests.on('close', () => client.close());

  function flow(id: number, bytes: Buffer): 0 | 1 {
    if (answers.write(bytes)) return 1;
    paused.add(id);
    return 0;
  }
}

function decode(bytes: Buffer): Command | null {
  try {
    return decodeCommand(bytes);
  } catch {
    return null;
  }
}

function frame(kind: number, id: number, value: number, bytes: Buffer): Buffer {
  const head = Buffer.alloc(FRAME.bytes);
  head.writeUInt32LE(kind, 0);
  head.writeUInt32LE(bytes.length, 4);
  head.writeBigUInt64LE(BigInt(id), 8);
  head.writeBigInt64LE(BigInt(value), 16);
  return Buffer.concat([head, bytes]);
}
