/** Writes to a descriptor without ever making its caller wait. */

import { write } from 'node:fs';

/** The most bytes that wait for a slow reader; more are dropped. */
const MAX_PENDING_BYTES = 4 * 1024 * 1024;
const RETRY_MS = 50;
/** A write to what does not block is back by then, also on a busy machine. */
const IN_SYSTEM_MS = 500;

/**
 * Writes what it is given in order, in the background, once at a time. A reader that is slow, stuck or gone costs
 * output and nothing else.
 */
export class BackgroundWriter {
  readonly #fd: number;
  readonly #maxPendingBytes: number;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #busy = false;
  #inSystem = false;
  #gone = false;
  #onIdle: (() => void) | undefined;

  constructor(fd: number, maxPendingBytes = MAX_PENDING_BYTES) {
    this.#fd = fd;
    this.#maxPendingBytes = maxPendingBytes;
  }

  /** Takes a text; drops it when too much waits already. */
  write(text: string): void {
    const bytes = Buffer.from(text);
    if (this.#gone || this.#pendingBytes + bytes.length > this.#maxPendingBytes) return;
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
    if (!this.#busy) {
      this.#busy = true;
      setImmediate(() => this.#next());
    }
  }

  /**
   * Waits until everything is written, or for `limitMs`.
   *
   * @returns `false` when the system still holds a write, which also holds up the exit of the process.
   */
  async close(limitMs: number): Promise<boolean> {
    await this.#idle(limitMs);
    this.#gone = true;
    if (this.#inSystem) await this.#idle(IN_SYSTEM_MS);
    return !this.#inSystem;
  }

  async #idle(limitMs: number): Promise<void> {
    if (!this.#busy) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, limitMs);
      this.#onIdle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #next(): void {
    const bytes = this.#pending.length === 1 ? (this.#pending[0] as Buffer) : Buffer.concat(this.#pending);
    this.#pending = [];
    if (this.#gone || bytes.length === 0) {
      this.#busy = false;
      this.#pendingBytes = 0;
      this.#onIdle?.();
      return;
    }
    this.#inSystem = true;
    write(this.#fd, bytes, (error, written) => {
      this.#inSystem = false;
      // A pipe that is full and does not block.
      const full = error?.code === 'EAGAIN';
      if (error && !full) this.#fail(error, bytes.length);
      else {
        const rest = bytes.subarray(error ? 0 : written);
        this.#pendingBytes -= bytes.length - rest.length;
        if (rest.length > 0) this.#pending.unshift(rest);
      }
      if (full && !this.#gone) setTimeout(() => this.#next(), RETRY_MS);
      else this.#next();
    });
  }

  /** There is nowhere to report this. A full disk may have room again later; a closed pipe stays closed. */
  #fail(error: NodeJS.ErrnoException, lost: number): void {
    this.#pendingBytes -= lost;
    if (error.code !== 'ENOSPC' && error.code !== 'EDQUOT') this.#gone = true;
  }
}
