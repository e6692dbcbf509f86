/** One client of a core: its requests as they arrive, and its replies as it reads them. */

import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { FrameReader, type FrameTooLargeError, frameOf } from '../wire/framing.js';
import type { ControlLimits } from './limits.js';

/** How long requests of one client are taken before everything else has its turn. */
const TURN_MS = 5;

/** What is done about a client. */
export interface ConnectionEvents {
  /** Answers one request; it is in progress until this resolves. It must not reject. */
  request(connection: Connection, frame: Buffer): Promise<void>;
  /** Nothing more can be read from it, because it sent something that is not a request. */
  garbled(connection: Connection, error: FrameTooLargeError): void;
  /** It holds more than a little. */
  swollen(): void;
  closed(connection: Connection): void;
}

/** Reads no more than it may, and holds no more than it must. */
export class Connection {
  readonly #socket: Socket;
  readonly #limits: ControlLimits;
  readonly #events: ConnectionEvents;
  readonly #reader: FrameReader;
  /** What ends each, and what forgets it. */
  readonly #watches = new Map<() => void, () => void>();
  #requests = 0;
  #progressBytes = 0;
  #isDue = false;
  #ended = false;
  #missed = 0;
  /** When a request last began or ended, on a clock that is never set. */
  activeMs = performance.now();

  constructor(socket: Socket, limits: ControlLimits, events: ConnectionEvents) {
    this.#socket = socket;
    this.#limits = limits;
    this.#events = events;
    this.#reader = new FrameReader(limits.requestBytes);
    socket.on('data', (chunk) => this.#received(chunk));
    socket.on('drain', () => this.#takeSoon());
    // What it means is told by 'close'.
    socket.on('error', () => undefined);
    socket.on('close', () => this.#close());
  }

  /** Nothing of it is in progress, and it watches nothing. */
  get isIdle(): boolean {
    return this.#requests === 0 && this.#watches.size === 0;
  }

  /** What it makes the core hold, in bytes. */
  get heldBytes(): number {
    return this.#reader.heldBytes + this.#progressBytes + this.#socket.writableLength;
  }

  /** Messages of modules that it was not told. */
  get missed(): number {
    return this.#missed;
  }

  /** Sends one reply; one for a client that has gone is dropped. */
  reply(bytes: Uint8Array): void {
    if (this.#ended || !this.#socket.writable) return;
    this.#write(bytes);
    if (this.#socket.writableLength > this.#limits.pauseBytes) this.#events.swollen();
  }

  /** Tells what a module sent, unless the client has too much to read already. */
  tell(encode: () => Uint8Array): void {
    if (this.#socket.writableLength > this.#limits.sentBytes) this.#missed += 1;
    else this.reply(encode());
  }

  /** It has as many watches as it may. */
  get watchesEnough(): boolean {
    return this.#watches.size >= this.#limits.watches;
  }

  /** Calls back after a time, or sooner when {@link endWatches} is called; never once the client has gone. */
  watch(waitMs: number, over: () => void): void {
    if (this.#ended) return;
    const end = () => {
      clearTimeout(timer);
      this.#watches.delete(end);
      this.activeMs = performance.now();
      over();
    };
    const timer = setTimeout(end, waitMs);
    this.#watches.set(end, () => clearTimeout(timer));
  }

  /** Ends every watch now. */
  endWatches(): void {
    for (const end of [...this.#watches.keys()]) end();
  }

  /** Sends what was given, reads nothing more, and closes. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#socket.pause();
    this.#socket.end(() => this.#socket.destroy());
  }

  /** Closes at once. */
  destroy(): void {
    this.#ended = true;
    this.#socket.destroy();
  }

  #received(chunk: Buffer): void {
    this.#reader.push(chunk);
    if (this.#reader.heldBytes > this.#limits.pauseBytes) this.#events.swollen();
    this.#takeRequests();
  }

  /** Takes what may be taken now. What is left is taken a turn later, or when something has come to its end. */
  #takeRequests(): void {
    const end = performance.now() + TURN_MS;
    while (!this.#ended) {
      if (!this.#mayTake()) {
        this.#socket.pause();
        return;
      }
      if (performance.now() >= end) {
        this.#socket.pause();
        this.#takeSoon();
        return;
      }
      const frame = this.#next();
      if (frame === null) return;
      void this.#answer(frame);
    }
  }

  #takeSoon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    setImmediate(() => {
      this.#isDue = false;
      this.#takeRequests();
    });
  }

  #mayTake(): boolean {
    const { requests, progressBytes, pauseBytes } = this.#limits;
    const hasRoom = this.#requests < requests && this.#progressBytes < progressBytes;
    return hasRoom && this.#socket.writableLength < pauseBytes;
  }

  #next(): Buffer | null {
    try {
      const frame = this.#reader.next();
      if (frame === null) this.#socket.resume();
      return frame;
    } catch (error) {
      this.#events.garbled(this, error as FrameTooLargeError);
      this.end();
      return null;
    }
  }

  async #answer(frame: Buffer): Promise<void> {
    this.#requests += 1;
    this.#progressBytes += frame.length;
    this.activeMs = performance.now();
    await this.#events.request(this, frame);
    this.#requests -= 1;
    this.#progressBytes -= frame.length;
    this.activeMs = performance.now();
    if (this.#socket.isPaused()) this.#takeSoon();
  }

  #write(bytes: Uint8Array): void {
    this.#socket.cork();
    for (const part of frameOf(bytes)) this.#socket.write(part);
    this.#socket.uncork();
  }

  #close(): void {
    this.#ended = true;
    for (const forget of this.#watches.values()) forget();
    this.#watches.clear();
    this.#events.closed(this);
  }
}
