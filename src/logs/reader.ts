/** Reads a rotating log from its end, and goes on with the lines that are added to it. */

import { type BigIntStats, closeSync, constants, fstatSync, lstatSync, openSync, readSync, statSync } from 'node:fs';
import { DirectoryError } from '../errors.js';
import { BoundedLine } from './bounded-line.js';
import { splitLine } from './entry.js';
import { logSegments, unreadable } from './paths.js';

const CHUNK_BYTES = 64 * 1024;
/** By how much the clocks of a file and of a line may differ. */
const CLOCKS_DIFFER_MS = 3_600_000;

/** Where a reader stands: an open file keeps its inode from being given to another. */
interface Cursor {
  fd: number;
  inode: number;
  offset: number;
  /** The text behind the last newline. */
  rest: BoundedLine;
}

/** A file of the log, as it was found. */
interface Segment {
  path: string;
  inode: number;
  /** Identifies the file, as long as nobody writes to it. */
  mark: string;
}

/**
 * The lines of one log, over all its rotated files. The reader follows rotations between two reads, as long as the files
 * written meanwhile still exist. Other programs may rotate too: they may truncate the file, or move it to any name.
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
   * @param sinceMs - leaves out a file that nobody has written to since then. Within a file all lines are looked at: they
   * may not be in the order of their times, for example after a core was killed.
   * @throws DirectoryError `STATE_DIR_UNUSABLE` when a file of the log cannot be read, or is not a file.
   */
  last(count: number, wanted: (line: string) => boolean = () => true, sinceMs = Number.NEGATIVE_INFINITY): string[] {
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
      for (const line of isOlder(file, sinceMs) ? [] : linesBackwards(file.fd, from)) {
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
   * The lines added since the last read. The first read begins with the oldest line there is.
   *
   * @throws DirectoryError `STATE_DIR_UNUSABLE` when a file of the log cannot be read, or is not a file.
   */
  next(): string[] {
    const lines: string[] = [];
    const segments = this.#segments();
    if (this.#cursor) for (const line of linesForwards(this.#cursor)) lines.push(line);
    for (const segment of this.#newer(segments).reverse()) {
      const file = openForReading(segment.path);
      if (file) for (const line of this.#goOnIn(file)) lines.push(line);
    }
    this.#noteOlder(segments);
    return lines;
  }

  /**
   * Every line, oldest first. Each is read only when it is asked for. `next` goes on behind them. All files are opened first, so
   * a rotation meanwhile loses no line.
   *
   * @param sinceMs - as for `last`
   * @throws DirectoryError `STATE_DIR_UNUSABLE` when a file of the log cannot be read, or is not a file.
   */
  *all(sinceMs = Number.NEGATIVE_INFINITY): Generator<string> {
    this.close();
    const segments = this.#segments();
    const files = segments.flatMap(({ path }) => openForReading(path) ?? []).reverse();
    try {
      for (let file = files.shift(); file; file = files.shift()) {
        if (files.length > 0 && isOlder(file, sinceMs)) closeSync(file.fd);
        else yield* this.#goOnIn(file);
      }
    } finally {
      for (const { fd } of files) closeSync(fd);
    }
    this.#noteOlder(segments);
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
    // It was moved away or removed. Some of the files that are left may be older.
    return at >= 0 ? segments.slice(0, at) : segments.filter(({ mark }) => !this.#older.has(mark));
  }

  #noteOlder(segments: Segment[]): void {
    const at = segments.findIndex(({ inode }) => inode === this.#cursor?.inode);
    if (at >= 0) this.#older = new Set(segments.slice(at + 1).map(({ mark }) => mark));
  }

  /** The rest of the current file, and then the lines of the next one. */
  *#goOnIn(file: Opened): Generator<string> {
    // The one before may still be written to, until the first line stands in this one.
    if (file.inode === this.#cursor?.inode || (this.#cursor && file.size === 0)) {
      closeSync(file.fd);
      return;
    }
    const before = this.#cursor;
    if (before) {
      yield* linesForwards(before);
      // Nobody writes to this file any more, so a line that is not complete stays so.
      if (!before.rest.isEmpty) yield before.rest.take();
    }
    this.#close();
    this.#cursor = { fd: file.fd, inode: file.inode, offset: 0, rest: new BoundedLine() };
    yield* linesForwards(this.#cursor);
  }
}

/** Whether nobody has written to a file since then. */
function isOlder({ mtimeMs }: Opened, sinceMs: number): boolean {
  return mtimeMs < sinceMs - CLOCKS_DIFFER_MS;
}

/** The lines from where a reader stands to the end of the file. */
function* linesForwards(cursor: Cursor): Generator<string> {
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
      begin = end + 1;
      if (!cursor.rest.isEmpty) yield* splitLine(cursor.rest.take());
    }
    cursor.rest.append(chunk.subarray(begin, read));
  }
}

/** A file of the log, opened. */
interface Opened {
  fd: number;
  inode: number;
  size: number;
  mtimeMs: number;
}

function openForReading(path: string): Opened | null {
  let fd: number;
  try {
    // Do not wait for a pipe.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    // It was rotated away after the listing.
    if (code === 'ENOENT') return null;
    if (code === 'ENXIO' || code === 'ELOOP') throw noLog(path);
    throw unreadable(`the log ${path}`, cause);
  }
  const info = fstatSync(fd);
  if (info.isFile()) return { fd, inode: info.ino, size: info.size, mtimeMs: info.mtimeMs };
  closeSync(fd);
  throw noLog(path);
}

function noLog(path: string): DirectoryError {
  const remedy = 'move it away, or check --state-dir';
  return new DirectoryError('STATE_DIR_UNUSABLE', `${path} is not a log: it is not a regular file`, { remedy });
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
      if (!line.isEmpty) yield* splitLine(line.take()).reverse();
      chunk = chunk.subarray(0, at);
    }
    line.prepend(chunk);
    end = start;
  }
  if (!line.isEmpty) yield* splitLine(line.take()).reverse();
}
