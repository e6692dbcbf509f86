/** Reads files about a process, which may be stuck in a way that holds up its readers as well. */

import { open } from 'node:fs/promises';
import { within } from '../../within.js';

const LIMIT_MS = 1_000;
const PIECE_BYTES = 64 * 1024;
const MAX_BYTES = 8 * 1024 * 1024;

/** Empty: there is no such file, it may not be read, or it cannot be read in time. */
export function readProc(path: string, limitMs = LIMIT_MS): Promise<string> {
  return within(
    limitMs,
    readAll(path).catch(() => ''),
    '',
  );
}

async function readAll(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const parts: Buffer[] = [];
    for (let bytes = 0; bytes < MAX_BYTES; ) {
      const part = Buffer.allocUnsafe(PIECE_BYTES);
      const { bytesRead } = await file.read(part, 0, part.length, null);
      if (bytesRead === 0) break;
      parts.push(part.subarray(0, bytesRead));
      bytes += bytesRead;
    }
    return Buffer.concat(parts).toString('utf8');
  } finally {
    await file.close();
  }
}
