/** A file that is read in pieces, without holding up the event loop. Nothing in the file is trusted. */

import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { identityOf } from '../../file-identity.js';

/** Reads from one open file. */
export class Reader {
  /** Tells what was opened from what may stand there later. */
  readonly identity: string;
  readonly size: number;
  readonly #file: FileHandle;

  private constructor(file: FileHandle, identity: string, size: number) {
    this.#file = file;
    this.identity = identity;
    this.size = size;
  }

  /** `null`: there is no such file, or it is no regular file. */
  static async open(path: string): Promise<Reader | null> {
    let file: FileHandle | null = null;
    try {
      // A FIFO does not hold it up.
      file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
      const stat = await file.stat({ bigint: true });
      if (stat.isFile()) return new Reader(file, identityOf(stat), Number(stat.size));
    } catch {
      // As if there were none.
    }
    await file?.close().catch(() => undefined);
    return null;
  }

  /** At most `length` bytes from `offset`; fewer where the file ends. */
  async read(offset: number, length: number): Promise<Buffer> {
    if (!Number.isSafeInteger(offset) || offset < 0 || offset >= this.size) return Buffer.alloc(0);
    const bytes = Buffer.alloc(Math.max(0, Math.min(length, this.size - offset)));
    let got = 0;
    while (got < bytes.length) {
      const { bytesRead } = await this.#file.read(bytes, got, bytes.length - got, offset + got);
      if (bytesRead === 0) break;
      got += bytesRead;
    }
    return bytes.subarray(0, got);
  }

  /** A text that ends with a NUL, or is cut. */
  async text(offset: number, maxBytes: number): Promise<string> {
    const bytes = await this.read(offset, maxBytes);
    const end = bytes.indexOf(0);
    return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
  }

  async close(): Promise<void> {
    await this.#file.close().catch(() => undefined);
  }
}
