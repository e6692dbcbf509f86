/** Reads a rotating log from its end, and what is added to it. */

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
   * @param sinceMs - a file that nobody has written to since then has no such line. Within a file all lines are looked at:
   * they need not be in the order of their times, as those that a killed core left show
   * @throws DirectoryError `STATE_DIR_UNUSABLE` when a file of the log cannot be read, or is no file.
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
   * The lines added since the last read; those of a reader that has not read yet begin with the oldest there is.
   *
   * @throws DirectoryError `STATE_DIR_UNUSABLE` when a file of the log cannot be read, or is no file.
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
   * Every line, oldest first, as it is asked for; `next` goes on behind them. Rotations meanwhile change nothing.
   *
   * @param sinceMs - as for `last`
   * @throws DirectoryError `STATE_DIR_UNUSABLE` when a file of the log cannot be read, or is no file.
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
    // Moved away, or removed: of what is left, some may be older.
    return at >= 0 ? segments.slice(0, at) : segments.filter(({ mark }) => !this.#older.has(mark));
  }

  #noteOlder(segments: Segment[]): void {
    const at = segments.findIndex(({ inode }) => inode === this.#cursor?.inode);
    if (at >= 0) this.#older = new Set(segments.slice(at + 1).map(({ mark }) => mark));
  }

  /** The rest of the file that is read, and the lines of the one that was begun after it. */
  *#goOnIn(file: Opened): Generator<string> {
    // The one before may still be written to, until the first line stands in this one.
    if (file.inode === this.#cursor?.inode || (this.#cursor && file.size === 0)) {
      closeSync(file.fd);
      return;
    }
    const before = this.#cursor;
    if (before) {
      yield* linesForwards(before);
      // What ended within a line will not be completed: its file is no longer written to.
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
  if (info.isFile()) return { fd, inode: info.ino, size: info.size, mtimeMs: info.mtimeMs };
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
      if (!line.isEmpty) yield* splitLine(line.take()).reverse();
      chunk = chunk.subarray(0, at);
    }
    line.prepend(chunk);
    end = start;
  }
  if (!line.isEmpty) yield* splitLine(line.take()).reverse();
}
