/** The sha256 of a file while the core goes on with everything else, and on the way a copy of it. */

import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { identityOf } from '../../file-identity.js';

/** One piece: hashing it takes well below a millisecond. */
const PIECE_BYTES = 256 * 1024;
/** A file system may give two writes within this time the same time stamp. */
const TICK_MS = 50;
/** How often a file is read that changes meanwhile. */
const MAX_READS = 10;

/** What a file was when it was read from its beginning to its end. */
export interface Digest {
  sha256: string;
  identity: string;
  bytes: number;
}

/** A file that cannot be read as a whole: it is not a regular file, is empty or too large, or keeps changing. */
export class DigestError extends Error {}

export interface DigestOptions {
  /** A larger file is not read. */
  maxBytes: number;
  /** Reads of a file that changes meanwhile. */
  maxReads?: number;
  /** Opens the copy, once for each read of the file; `null`: none is made. A copy that fails does not stop the hash. */
  copyTo?: (() => Promise<FileHandle>) | null;
}

/**
 * Hashes a file. A file that changes meanwhile is read again, so the result belongs to one state of it.
 *
 * @returns the digest, and why the copy could not be written
 * @throws Error of the system; DigestError
 */
export async function digestFile(
  path: string,
  { maxBytes, maxReads = MAX_READS, copyTo = null }: DigestOptions,
): Promise<Digest & { copyError: Error | null }> {
  for (let reads = 0; reads < maxReads; reads++) {
    if (!(await isAtRest(path))) continue;
    const copy = await tryOpen(copyTo);
    try {
      const digest = await readOnce(path, maxBytes, copy);
      if (identityOf(await stat(path, { bigint: true })) !== digest.identity) continue;
      if (digest.bytes === 0) throw new DigestError(`${path} is empty`);
      return { ...digest, copyError: copy.error };
    } finally {
      await copy.file?.close().catch(() => undefined);
    }
  }
  throw new DigestError(`${path} is being written`);
}

interface Copy {
  file: FileHandle | null;
  error: Error | null;
}

async function tryOpen(copyTo: DigestOptions['copyTo']): Promise<Copy> {
  try {
    return { file: (await copyTo?.()) ?? null, error: null };
  } catch (error) {
    return { file: null, error: error as Error };
  }
}

/** Waits until no later write can get the time stamp that the file has now. @returns whether it came so far */
async function isAtRest(path: string): Promise<boolean> {
  if (!(await isRecent(path))) return true;
  await setTimeout(TICK_MS);
  return !(await isRecent(path));
}

async function isRecent(path: string): Promise<boolean> {
  // Opening a FIFO blocks, and opening a device may do anything.
  const info = await stat(path, { bigint: true });
  if (!info.isFile()) throw new DigestError(`${path} is not a regular file`);
  return Math.abs(Date.now() - Number(info.ctimeNs / 1_000_000n)) < TICK_MS;
}

async function readOnce(path: string, maxBytes: number, copy: Copy): Promise<Digest> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const info = await file.stat({ bigint: true });
    if (!info.isFile()) throw new DigestError(`${path} is not a regular file`);
    if (info.size > BigInt(maxBytes)) throw new DigestError(`${path} has more than ${maxBytes} bytes`);
    const hash = createHash('sha256');
    const piece = Buffer.allocUnsafe(PIECE_BYTES);
    let bytes = 0;
    for (;;) {
      const { bytesRead } = await file.read(piece, 0, piece.length, bytes);
      if (bytesRead === 0) break;
      const read = piece.subarray(0, bytesRead);
      hash.update(read);
      await write(copy, read);
      bytes += bytesRead;
      // It grows while it is read.
      if (bytes > maxBytes) throw new DigestError(`${path} has more than ${maxBytes} bytes`);
    }
    return { sha256: hash.digest('hex'), identity: identityOf(info), bytes };
  } finally {
    await file.close();
  }
}

async function write(copy: Copy, bytes: Buffer): Promise<void> {
  if (copy.file === null || copy.error !== null) return;
  try {
    await copy.file.writeFile(bytes);
  } catch (error) {
    copy.error = error as Error;
  }
}
