/** Reads a rotating log from its end, and what is added to it. */

import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { logSegments } from './paths.js';

const CHUNK_BYTES = 64 * 1024;

/** Where a reader stands: an open file keeps its inode from being given to another. */
interface Cursor {
  fd: number;
  inode: number;
  offset: number;
  /** Bytes behind the last newline. */
  rest: Buffer;
}

/**
 * One log as its lines, over all its rotated files. Rotations between two reads are followed, as long as the files
 * written meanwhile are still kept.
 */
export class LogReader {
  readonly #path: string;
  #cursor: Cursor | undefined;

  /** @param path - The current file of the log; neither it nor its folder need exist. */
  constructor(path: string) {
    this.#path = path;
  }

  /** The last lines that `wanted` accepts, oldest first; `next` goes on behind them. */
  last(count: number, wanted: (line: string) => boolean = () => true): string[] {
    this.close();
    const lines: string[] = [];
    for (const segment of logSegments(this.#path)) {
      const file = openForReading(segment);
      if (!file) continue;
      const end = endOfLines(file.fd, file.size);
      if (!this.#cursor) this.#cursor = { fd: file.fd, inode: file.inode, offset: end, rest: Buffer.alloc(0) };
      // A segment that is no longer written to may end within a line.
      const from = this.#cursor.fd === file.fd ? end : file.size;
      for (const line of linesBackwards(file.fd, from)) {
        if (lines.length >= count) break;
        if (wanted(line)) lines.push(line);
      }
      if (this.#cursor.fd !== file.fd) closeSync(file.fd);
      if (lines.length >= count) break;
    }
    return lines.reverse();
  }

  /** The lines added since the last read; those of a reader that has not read yet begin with the oldest there is. */
  next(): string[] {
    const lines: string[] = [];
    const segments = logSegments(this.#path);
    let newer = segments.length;
    if (this.#cursor) {
      const { inode } = this.#cursor;
      const at = segments.findIndex((segment) => inodeOf(segment) === inode);
      if (at >= 0) newer = at;
      this.#drain(this.#cursor, lines);
    }
    for (const segment of segments.slice(0, newer).reverse()) {
      const file = openForReading(segment);
      if (!file) continue;
      if (file.inode === this.#cursor?.inode) {
        closeSync(file.fd);
        continue;
      }
      // What ended within a line will not be completed: its file is no longer written to.
      if (this.#cursor && this.#cursor.rest.length > 0) lines.push(this.#cursor.rest.toString());
      this.close();
      this.#cursor = { fd: file.fd, inode: file.inode, offset: 0, rest: Buffer.alloc(0) };
      this.#drain(this.#cursor, lines);
    }
    return lines;
  }

  /** Closes the file; the next read begins anew. */
  close(): void {
    if (this.#cursor) closeSync(this.#cursor.fd);
    this.#cursor = undefined;
  }

  #drain(cursor: Cursor, lines: string[]): void {
    const chunk = Buffer.alloc(CHUNK_BYTES);
    for (;;) {
      const read = readSync(cursor.fd, chunk, 0, chunk.length, cursor.offset);
      if (read === 0) return;
      cursor.offset += read;
      cursor.rest = Buffer.concat([cursor.rest, chunk.subarray(0, read)]);
      const end = cursor.rest.lastIndexOf(0x0a);
      if (end < 0) continue;
      lines.push(...cursor.rest.toString('utf8', 0, end).split('\n').filter(Boolean));
      cursor.rest = Buffer.from(cursor.rest.subarray(end + 1));
    }
  }
}

function openForReading(path: string): { fd: number; inode: number; size: number } | null {
  try {
    const fd = openSync(path, 'r');
    const { ino, size } = fstatSync(fd);
    return { fd, inode: ino, size };
  } catch (error) {
    // Rotated away between the listing and now.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function inodeOf(path: string): number | null {
  return statSync(path, { throwIfNoEntry: false })?.ino ?? null;
}

/** The offset behind the last newline. */
function endOfLines(fd: number, size: number): number {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - CHUNK_BYTES);
    const read = readSync(fd, chunk, 0, end - start, start);
    const at = chunk.subarray(0, read).lastIndexOf(0x0a);
    if (at >= 0) return start + at + 1;
    end = start;
  }
  return 0;
}

/** The lines before an offset, last one first; empty ones are left out. */
function* linesBackwards(fd: number, from: number): Generator<string> {
  let rest: Buffer = Buffer.alloc(0);
  for (let end = from; end > 0; ) {
    const start = Math.max(0, end - CHUNK_BYTES);
    const chunk = Buffer.alloc(end - start);
    readSync(fd, chunk, 0, chunk.length, start);
    rest = Buffer.concat([chunk, rest]);
    for (let at = rest.lastIndexOf(0x0a); at >= 0; at = rest.lastIndexOf(0x0a)) {
      if (at + 1 < rest.length) yield rest.toString('utf8', at + 1);
      rest = rest.subarray(0, at);
    }
    end = start;
  }
  if (rest.length > 0) yield rest.toString();
}
