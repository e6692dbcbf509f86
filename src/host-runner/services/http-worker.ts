/**
 * Entry of the worker thread in which a host does what its module asks of HTTP servers. It takes commands from the shim
 * and gives it what comes, so that neither a blocked main thread nor a request that blocks it stops the others.
 */

import { writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { SHIM_LIBRARY } from '../../paths.js';
import { loadForGood } from '../library.js';
import { type Flow, HttpClient } from './http/client.js';
import { decodeCommand } from './http/commands.js';

const COMMAND_BYTES = 64 * 1024;

const library = loadForGood(SHIM_LIBRARY, {});
const shim = {
  wakeFd: library.func('int32_t mm_http_wake_fd()'),
  clearWake: library.func('void mm_http_clear_wake()'),
  take: library.func('uint32_t mm_http_take(uint8_t *, uint32_t)'),
  status: library.func('int32_t mm_http_status(uint64_t, uint32_t, uint8_t *)'),
  data: library.func('int32_t mm_http_data(uint64_t, uint32_t, uint8_t *, uint32_t)'),
  end: library.func('void mm_http_end(uint64_t, int32_t, str)'),
};

// A request that stumbles over a mistake of ours must not end the others.
process.on('uncaughtException', report);
process.on('unhandledRejection', report);

const room = Buffer.alloc(COMMAND_BYTES);
const client = new HttpClient({
  status: (id, status, type): Flow => shim.status(id, status, Buffer.from(`${type}\0`, 'latin1')),
  data: (id, progress, bytes): Flow => shim.data(id, progress, bytes, bytes.length),
  end: (id, result, why) => shim.end(id, result, why),
});

const wake = new Socket({ fd: shim.wakeFd(), readable: true, writable: false });
wake.on('data', () => {
  shim.clearWake();
  for (let command = take(); command !== null; command = take()) perform(command);
});

function take(): Buffer | null {
  const size: number = shim.take(room, room.length);
  if (size <= room.length) return size === 0 ? null : room.subarray(0, size);
  const larger = Buffer.alloc(size);
  shim.take(larger, size);
  return larger;
}

function perform(bytes: Buffer): void {
  try {
    const command = decodeCommand(bytes);
    if (command.kind === 'request') client.request(command.id, command.ask);
    else if (command.kind === 'cancel') client.cancel(command.id);
    else client.resume(command.id);
  } catch (error) {
    report(error);
  }
}

function report(error: unknown): void {
  writeSync(2, `mesibo-modules host: an error in the HTTP client: ${error instanceof Error ? error.stack : error}\n`);
}
