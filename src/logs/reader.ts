/** Reads a rotating log from its end, and what is added to it. */

import { type BigIntStats, closeSync, constants, fstatSync, lstatSync, openSync, readSync, statSync } from 'node:fs';
import { DirectoryError } from '../errors.js';
import { BoundedLine } from './bounded-line.js';
import { logSegments, unreadable } from './paths.js';

const CHUNK_BYTES = 64 * 1024;

/** Where a reader stands: an open file keeps its inode from being given to another. */
interface Cursor {
  fd: number;
  inode: number;
  offset: number;
  /** What stands behind the last newline. */
  rest: BoundedLine;
}

/** A file of the log, as it was found. */
interface Segment {
  path: string;
  inode: number;
  /** Tells it from every other file, as long as nobody writes to it. */
  mark: string;
}

/**
 * One log as its lines, over all its rotated files. Rotations between two reads are followed, as long as the files
 * written meanwhile are still kept; whoever rotates, and also when he truncates the file, or moves it away under any name.
 */
export class LogReader {
  readonly #path: string;
  #cursor: Cursor | undefined;
  /** Marks of the files that are older than the one that is read. */
  #older = new Set<string>();

  /** @param path - The current file of the log; neither it nor its folder need exist. */
  constructor(path: string) {
    this.#path = path;
  }

  /**
   * The last lines that `wanted` accepts, oldest first; `next` goes on behind them.
   *
   * @throws DirectoryError `STATE_DIR_UNUSABLE` when a file of the log cannot be read, or is no file.
   */
  last(count: number, wanted: (line: string) => boolean = () => true): string[] {
    this.close();
    const lines: string[] = [];
    const segments = this.#segments();
    for (const segment of segments) {
      const file = openForReading(segment.path);
      if (!file) continue;
      if (file.size === 0 && segment !== segments.at(-1)) {
        // The one before may still be written to.
        closeSync(file.fd);
        continue;
      }
      const end = endOfLines(file.fd, file.size);
      if (!this.#cursor) this.#cursor = { fd: file.fd, inode: file.inode, offset: end, rest: new BoundedLine() };
      // A segment that is no longer written to may end within a line.
      const from = this.#cursor.fd === file.fd ? end : file.size;
      for (const line of linesBackwards(file.fd, from)) {
        if (lines.length >= count) break;
        if (wanted(line)) lines.push(line);
      }
      if (this.#cursor.fd !== file.fd) closeSync(file.fd);
      if (lines.length >= count) break;
    }
    this.#noteOlder(segments);
    return lines.reverse();
  }

  /**
   * The lines added since the last read; those of a reader that has not read yet begin with the oldest there is.
   *
   * @throws DirectoryError `STATE_DIR_UNUSABLE` when a file of the log cannot be read, or is no file.
   */
  next(): string[] {
    const lines: string[] = [];
    const segments = this.#segments();
    if (this.#cursor) this.#drain(this.#cursor, lines);
    for (const segment of this.#newer(segments).reverse()) {
      const file = openForReading(segment.path);
      if (!file) continue;
      // The one before may still be written to, until the first line stands in this one.
      if (file.inode === this.#cursor?.inode || (this.#cursor && file.size === 0)) {
        closeSync(file.fd);
        continue;
      }
      if (this.#cursor) {
        this.#drain(this.#cursor, lines);
        // What ended within a line will not be completed: its file is no longer written to.
        if (!this.#cursor.rest.isEmpty) lines.push(this.#cursor.rest.take());
      }
      this.#close();
      this.#cursor = { fd: file.fd, inode: file.inode, offset: 0, rest: new BoundedLine() };
      this.#drain(this.#cursor, lines);
    }
    this.#noteOlder(segments);
    return lines;
  }

  /** Closes the file; the next read begins anew. */
  close(): void {
    this.#close();
    this.#older.clear();
  }

  #close(): void {
    if (this.#cursor) closeSync(this.#cursor.fd);
    this.#cursor = undefined;
  }

  /** The files there are, newest first. */
  #segments(): Segment[] {
    return logSegments(this.#path).flatMap((path) => {
      const found = statOf(path);
      if (found === null) return [];
      const { ino, mtimeNs, size } = found;
      return [{ path, inode: Number(ino), mark: `${ino} ${mtimeNs} ${size}` }];
    });
  }

  /** Those that were written after the one that is read. */
  #newer(segments: Segment[]): Segment[] {
    const at = segments.findIndex(({ inode }) => inode === this.#cursor?.inode);
    // Moved away, or removed: of what is left, some may be older.
    return at >= 0 ? segments.slice(0, at) : segments.filter(({ mark }) => !this.#older.has(mark));
  }

  #noteOlder(segments: Segment[]): void {
    const at = segments.findIndex(({ inode }) => inode === this.#cursor?.inode);
    if (at >= 0) this.#older = new Set(segments.slice(at + 1).map(({ mark }) => mark));
  }

  #drain(cursor: Cursor, lines: string[]): void {
    const chunk = Buffer.alloc(CHUNK_BYTES);
    if (fstatSync(cursor.fd).size < cursor.offset) {
      // Truncated: what is in it now is new.
      cursor.offset = 0;
      cursor.rest = new BoundedLine();
    }
    for (;;) {
      const read = readSync(cursor.fd, chunk, 0, chunk.length, cursor.offset);
      if (read === 0) return;
      cursor.offset += read;
      let begin = 0;
      for (let end = lineEnd(chunk, begin, read); end >= 0; end = lineEnd(chunk, begin, read)) {
        cursor.rest.append(chunk.subarray(begin, end));
        if (!cursor.rest.isEmpty) lines.push(cursor.rest.take());
        begin = end + 1;
      }
      cursor.rest.append(chunk.subarray(begin, read));
    }
  }
}

function openForReading(path: string): { fd: number; inode: number; size: number } | null {
  let fd: number;
  try {
    // A pipe is not waited for.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    // Rotated away between the listing and now.
    if (code === 'ENOENT') return null;
    if (code === 'ENXIO' || code === 'ELOOP') throw noLog(path);
    throw unreadable(`the log ${path}`, cause);
  }
  const info = fstatSync(fd);
  if (info.isFile()) return { fd, inode: info.ino, size: info.size };
  closeSync(fd);
  throw noLog(path);
}

function noLog(path: string): DirectoryError {
  const remedy = 'move it away, or check --state-dir';
  return new DirectoryError('STATE_DIR_UNUSABLE', `${path} is no log, because it is no regular file`, { remedy });
}

/** What cannot be followed is left to who opens it, and says why it cannot. */
function statOf(path: string): BigIntStats | null {
  try {
    return statSync(path, { bigint: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    return lstatSync(path, { bigint: true, throwIfNoEntry: false }) ?? null;
  }
}

function lineEnd(chunk: Buffer, from: number, length: number): number {
  const end = chunk.indexOf(0x0a, from);
  return end < length ? end : -1;
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
  const line = new BoundedLine();
  for (let end = from; end > 0; ) {
    const start = Math.max(0, end - CHUNK_BYTES);
    let chunk = Buffer.alloc(end - start);
    readSync(fd, chunk, 0, chunk.length, start);
    for (let at = chunk.lastIndexOf(0x0a); at >= 0; at = chunk.lastIndexOf(0x0a)) {
      line.prepend(chunk.subarray(at + 1));
      if (!line.isEmpty) yield line.take();
      chunk = chunk.subarray(0, at);
    }
    line.prepend(chunk);
    end = start;
  }
  if (!line.isEmpty) yield line.take();
}
