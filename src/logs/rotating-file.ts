/** A log file that rotates itself and never holds up its writer. */

import { constants, type Stats } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { performance } from 'node:perf_hooks';
import { counted } from '../counted.js';

/** How a file is kept. */
export interface RotatingFileOptions {
  /** The file is rotated when a line would make it larger than this, in bytes. */
  sizeBytes: number;
  /** Rotated files kept beside the current one, as `<path>.1` (the newest) to `<path>.<keep>`. */
  keep: number;
  /** Makes the line that says how many lines were dropped, once the file can be written again. */
  gapLine: (dropped: number, reason: string) => string;
  /** Is called when lines begin to be dropped, and again only after the log has said how many. */
  onTrouble?: (reason: string) => void;
  /** How many bytes of lines may wait for the disk. Lines beyond that are dropped and counted. */
  maxPendingBytes?: number;
}

const MAX_PENDING_BYTES = 4 * 1024 * 1024;
const MODE = 0o640;
/** How often to check, before lines are written, that the open file is still the one of its name. */
const LOOK_MS = 500;

/** The file that is open. */
interface OpenFile {
  handle: FileHandle;
  inode: number;
  device: number;
  size: number;
}
/** A pipe that nobody reads is full at some time. It must not hold up a thread then. */
const FLAGS = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;

/**
 * Appends lines in the background, all lines of one turn of the event loop at once. It never throws. Lines that cannot be
 * written are dropped and counted. The log says how many, once writing works again. Other programs may rotate the file
 * too: when it was moved away or removed, a new file of that name is written.
 */
export class RotatingFile {
  readonly path: string;
  #options: RotatingFileOptions;
  #pending: string[] = [];
  #pendingBytes = 0;
  #dropped = 0;
  #reason = '';
  /** Waiting lines are older than lines dropped because there was no room, and younger than lines that the disk refused. */
  #gapIsLater = false;
  #writing: Promise<void> | undefined;
  #file: OpenFile | undefined;
  #lookedMs = 0;
  /** The next write opens the file of that name, even without lines. */
  #reopening = false;
  /** Set when the file may end within a line: after a write that failed half way, or a killed core. */
  #torn = true;

  constructor(path: string, options: RotatingFileOptions) {
    this.path = path;
    this.#options = options;
  }

  /** Lines dropped and not yet reported. */
  get dropped(): number {
    return this.#dropped;
  }

  /** What is wrong with the file, in words; `null`: nothing. */
  get problem(): string | null {
    if (this.#dropped === 0) return null;
    const is = this.#dropped === 1 ? 'is' : 'are';
    return `${this.path} cannot be written, and ${counted(this.#dropped, 'line')} of it ${is} lost so far: ${this.#reason}`;
  }

  /** Adds a line, without a newline in it or at its end. */
  append(line: string): void {
    const bytes = Buffer.byteLength(line) + 1;
    if (this.#pendingBytes + bytes > (this.#options.maxPendingBytes ?? MAX_PENDING_BYTES)) {
      this.#drop(1, 'the disk is too slow');
      this.#gapIsLater = true;
      return;
    }
    this.#pending.push(line);
    this.#pendingBytes += bytes;
    this.#writing ??= this.#writeAll();
  }

  /** Takes another size and number of files, from the next line on. */
  keep(options: Pick<RotatingFileOptions, 'sizeBytes' | 'keep'>): void {
    this.#options = { ...this.#options, ...options };
  }

  /** Checks at once whether the open file is still the one of its name. Makes a file when there is none. */
  reopen(): void {
    this.#reopening = true;
    this.#writing ??= this.#writeAll();
  }

  /** Resolves when every line given so far is written or dropped. */
  async flush(): Promise<void> {
    await this.#writing;
  }

  /** Flushes and closes the file; a later `append` opens it again. */
  async close(): Promise<void> {
    await this.flush();
    await this.#closeFile();
  }

  async #writeAll(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#pending.length > 0 || this.#reopening) {
      const lines = this.#pending;
      this.#pending = [];
      await this.#writeLines(lines);
      this.#pendingBytes = this.#pending.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0);
    }
    this.#writing = undefined;
  }

  async #writeLines(lines: string[]): Promise<void> {
    let done = 0;
    try {
      if (this.#reopening || performance.now() - this.#lookedMs >= LOOK_MS) await this.#look();
      if (this.#dropped > 0 && !this.#gapIsLater) await this.#tellGap();
      while (done < lines.length) {
        const file = await this.#open();
        const { text, bytes, count } = this.#take(lines, done, file.size);
        if (count === 0) {
          // Another program may just have rotated it. The file there now is not full then.
          if (await this.#look()) await this.#rotate();
          continue;
        }
        await this.#write(file, text, bytes);
        done += count;
      }
      if (this.#dropped > 0) await this.#tellGap();
    } catch (error) {
      if (lines.length > done) this.#drop(lines.length - done, (error as Error).message);
      this.#gapIsLater = false;
      await this.#closeFile();
    }
  }

  /** Opens the file of its name if it is not the open one. @returns whether it is, as full as it was */
  async #look(): Promise<boolean> {
    this.#lookedMs = performance.now();
    const isAsked = this.#reopening;
    this.#reopening = false;
    const file = this.#file;
    const found = file && (await stat(this.path).catch(ifThere));
    if (file && found?.ino === file.inode && found.dev === file.device) {
      const isWhole = found.size >= file.size;
      file.size = found.size;
      // A program that copied the file has truncated it, most likely to nothing.
      if (!isWhole) await this.#closeFile();
      return isWhole;
    }
    if (file) await this.#closeFile();
    if (file || isAsked) await this.#open();
    return false;
  }

  async #tellGap(): Promise<void> {
    const told = this.#dropped;
    const text = `${this.#options.gapLine(told, this.#reason)}\n`;
    await this.#write(await this.#open(), text, Buffer.byteLength(text));
    this.#dropped -= told;
    this.#gapIsLater = false;
  }

  /** The lines from `from` on that still fit into the file; at least one when the file is empty. */
  #take(lines: string[], from: number, size: number): { text: string; bytes: number; count: number } {
    let bytes = 0;
    let end = from;
    for (; end < lines.length; end += 1) {
      const next = Buffer.byteLength(lines[end] as string) + 1;
      if (size + bytes > 0 && size + bytes + next > this.#options.sizeBytes) break;
      bytes += next;
    }
    return {
      text: lines
        .slice(from, end)
        .map((line) => `${line}\n`)
        .join(''),
      bytes,
      count: end - from,
    };
  }

  async #write(file: OpenFile, text: string, bytes: number): Promise<void> {
    const mend = this.#torn && file.size > 0 ? '\n' : '';
    this.#torn = true;
    await file.handle.appendFile(mend + text);
    this.#torn = false;
    file.size += bytes + mend.length;
  }

  async #open(): Promise<OpenFile> {
    if (this.#file) return this.#file;
    await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
    const handle = await open(this.path, FLAGS, MODE);
    try {
      const { size, ino: inode, dev: device } = await handle.stat();
      this.#torn = false;
      if (size > 0) {
        const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
        this.#torn = buffer[0] !== 0x0a;
      }
      this.#file = { handle, size, inode, device };
      return this.#file;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  async #rotate(): Promise<void> {
    await this.#closeFile();
    const { keep } = this.#options;
    if (keep === 0) await rm(this.path, { force: true });
    for (let age = keep; age >= 1; age -= 1) {
      const from = age === 1 ? this.path : `${this.path}.${age - 1}`;
      await rename(from, `${this.path}.${age}`).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
      });
    }
  }

  async #closeFile(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.handle.close().catch(() => undefined);
  }

  #drop(count: number, reason: string): void {
    const isFirst = this.#dropped === 0;
    this.#dropped += count;
    this.#reason = reason;
    if (isFirst) this.#options.onTrouble?.(reason);
  }
}

/** There may be no file, or no folder. @throws what else went wrong */
function ifThere(error: NodeJS.ErrnoException): Stats | undefined {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
  throw error;
}
