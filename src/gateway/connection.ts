/** One connection of a server: frames as they arrive, and frames for it as it reads them. */

import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { Uptake } from '../servers/uptake.js';
import { FrameError } from '../wire/gateway/frame-error.js';
import type { CoreFrame, ServerFrame } from '../wire/gateway/frames.js';
import { type Encoding, encodingOf, JsonLines } from './encodings.js';
import type { GatewayLimits } from './limits.js';

/** How long frames of one connection are taken before everything else has its turn. */
const TURN_MS = 2;
/** The clock is looked at once for so many frames. */
const FRAMES_A_LOOK = 16;
/** Waiting output of this size is written at once. */
const WRITE_BYTES = 64 * 1024;
/** So many frames are worth a write of their own while more are to come. */
const WRITE_FRAMES = 32;
/** This much of an incomplete frame may be held without a time limit. */
const LITTLE_BYTES = 4096;
/** How long last words may take to be read. */
const LAST_WORDS_MS = 500;
/** How long they wait for the first byte of the server, which decides their encoding. */
const FIRST_BYTE_MS = 500;

/** What is done about a connection. */
export interface ConnectionEvents {
  frame(frame: ServerFrame): void;
  /** A frame that cannot be taken; those behind it still come. */
  invalid(error: FrameError): void;
  /** What came cannot be read any further. */
  garbled(error: FrameError): void;
  /** Whether a frame may be read now; after a `false`, {@link Connection.readOn} is called when that changes. */
  mayRead(): boolean;
  /** It has read so much that more can be written. */
  drained(): void;
  /** The server has closed its direction, and everything that it sent was taken. It may still read. */
  finished(): void;
  /** It makes the core hold more than a little. */
  swollen(): void;
  closed(): void;
}

/** Reads no more than it may, and holds no more than it must. */
export class Connection {
  readonly #socket: Socket;
  readonly #limits: GatewayLimits;
  readonly #events: ConnectionEvents;
  #encoding: Encoding | null = null;
  /** Frames that were put and not written. */
  #waiting = 0;
  #isReadDue = false;
  /** No frame may be read now; {@link goOn} or {@link readOn} changes that. */
  #isHeld = false;
  /** The server sends nothing any more. What it sent may still have to be taken. */
  #hasEnded = false;
  #isFinished = false;
  /** Since when it could have sent more of a frame; `null`: it has to wait. */
  #awaitedMs: number | null = null;
  #isWriteDue = false;
  #isOver = false;
  /** They wait for the first byte. */
  #lastWords: CoreFrame | null = null;
  readonly #uptake: Uptake;

  constructor(socket: Socket, limits: GatewayLimits, events: ConnectionEvents) {
    this.#socket = socket;
    this.#limits = limits;
    this.#events = events;
    this.#uptake = new Uptake(socket, performance.now());
    socket.on('data', (chunk) => this.#received(chunk));
    socket.on('end', () => {
      this.#hasEnded = true;
      if (this.#lastWords) this.#close();
      else this.readOn();
    });
    // What it means is told by 'close'.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#isOver = true;
      events.closed();
    });
  }

  /** `null`: it has not said anything. */
  get encoding(): Encoding['name'] | null {
    return this.#encoding?.name ?? null;
  }

  /** What it does not read, in bytes. */
  get unreadBytes(): number {
    return this.#socket.writableLength + (this.#encoding?.waitingBytes ?? 0);
  }

  /** What it makes the core hold, in bytes. */
  get heldBytes(): number {
    return this.unreadBytes + (this.#encoding?.heldBytes ?? 0);
  }

  /** Whether there is room for what can wait. */
  get hasRoom(): boolean {
    return !this.#isOver && this.unreadBytes < this.#limits.pauseBytes;
  }

  /** For how long it has taken nothing although something waits for it. */
  stalledMs(nowMs: number): number {
    return this.#uptake.stalledMs(nowMs);
  }

  /** It has shown that it took something. */
  tookSomething(): void {
    this.#uptake.note(performance.now());
  }

  /** For how long nothing came of an incomplete frame of which more than a little is held. */
  unfinishedMs(nowMs: number): number {
    const isLittle = (this.#encoding?.heldBytes ?? 0) <= LITTLE_BYTES;
    return isLittle || this.#awaitedMs === null ? 0 : nowMs - this.#awaitedMs;
  }

  /**
   * Sends one frame, with all others of this turn; one for a server that has gone is dropped. When there are many, some leave
   * sooner, so that core and server work at the same time.
   *
   * @param owed how many more the server waits for
   */
  put(frame: CoreFrame, owed = 1): void {
    if (this.#isOver) return;
    this.#encoding ??= new JsonLines(this.#limits);
    this.#encoding.put(frame);
    this.#waiting += 1;
    if (this.#waiting >= Math.max(WRITE_FRAMES, owed >> 1) || this.#encoding.waitingBytes > WRITE_BYTES) this.#write();
    else if (!this.#isWriteDue) {
      this.#isWriteDue = true;
      if (owed === 0) process.nextTick(this.#writeDue);
      else setImmediate(this.#writeDue);
    }
  }

  /** Goes on reading, if it had to wait. */
  goOn(): void {
    if (this.#isHeld) this.readOn();
  }

  /** Reads, in a moment. */
  readOn(): void {
    if (this.#isReadDue || this.#isOver) return;
    this.#isReadDue = true;
    setImmediate(this.#readDue);
  }

  /**
   * Sends what was put, takes nothing more, and closes when the server has read that. A server that has finished has as long as
   * it makes progress, see {@link stalledMs}. Others have a moment.
   *
   * @param lastWords a server that sends nothing gets none, because its encoding is unknown
   */
  end(lastWords: CoreFrame | null): void {
    if (this.#isOver || this.#lastWords) return;
    if (lastWords && this.#encoding === null) {
      this.#lastWords = lastWords;
      const timer = setTimeout(() => this.#close(), FIRST_BYTE_MS);
      this.#socket.once('close', () => clearTimeout(timer));
      return;
    }
    if (lastWords) this.put(lastWords);
    this.#close();
  }

  #close(): void {
    if (this.#isOver) return;
    this.#write();
    this.#isOver = true;
    this.#socket.end();
    if (this.#isFinished) return;
    // A peer that is still writing reads no last words before its writing is done.
    this.#socket.resume();
    const timer = setTimeout(() => this.#socket.destroy(), LAST_WORDS_MS);
    this.#socket.once('close', () => clearTimeout(timer));
  }

  /** Closes at once. */
  destroy(): void {
    this.#isOver = true;
    this.#socket.destroy();
  }

  readonly #writeDue = (): void => {
    this.#isWriteDue = false;
    this.#write();
  };

  readonly #readDue = (): void => {
    this.#isReadDue = false;
    if (!this.#lastWords) this.#read();
  };

  readonly #written = (): void => {
    this.tookSomething();
    if (this.hasRoom) this.#events.drained();
    this.goOn();
  };

  #write(): void {
    if (this.#isOver || this.#encoding === null || this.#encoding.waitingBytes === 0) return;
    if (this.#socket.writableLength === 0) this.tookSomething();
    this.#waiting = 0;
    this.#socket.write(this.#encoding.take(), this.#written);
    if (this.#socket.writableLength > this.#limits.pauseBytes) this.#events.swollen();
  }

  #received(chunk: Buffer): void {
    if (this.#isOver) return;
    this.#encoding ??= encodingOf(chunk[0] as number, this.#limits);
    if (this.#lastWords) {
      this.put(this.#lastWords);
      this.#close();
      return;
    }
    this.#encoding.push(chunk);
    if (this.#encoding.heldBytes > this.#limits.pauseBytes) this.#events.swollen();
    this.#read();
  }

  /** Takes what may be taken now. What is left is taken a turn later, or when something has come to its end. */
  #read(): void {
    const endMs = performance.now() + TURN_MS;
    this.#isHeld = false;
    for (let frames = 1; !this.#isOver; frames++) {
      if (this.unreadBytes >= this.#limits.deafBytes || !this.#events.mayRead()) {
        this.#isHeld = true;
        this.#awaitedMs = null;
        this.#socket.pause();
        return;
      }
      if (frames % FRAMES_A_LOOK === 0 && performance.now() >= endMs) {
        this.#socket.pause();
        this.readOn();
        return;
      }
      if (!this.#takeFrame()) return;
    }
  }

  /** @returns whether there may be another one */
  #takeFrame(): boolean {
    try {
      const frame = this.#encoding?.next() ?? null;
      if (frame !== null) this.#events.frame(frame);
      else this.#await();
      return frame !== null;
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      if (!error.isLast) this.#events.invalid(error);
      else this.#events.garbled(error);
      return !error.isLast;
    }
  }

  /** All that came was taken, but for the beginning of a frame. */
  #await(): void {
    this.#awaitedMs = this.#hasEnded ? null : performance.now();
    if (this.#hasEnded) this.#finish();
    else this.#socket.resume();
  }

  /** Nothing more comes. */
  #finish(): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    this.#takeLast();
    if (!this.#isOver) this.#events.finished();
  }

  #takeLast(): void {
    try {
      const frame = this.#encoding?.last() ?? null;
      if (frame !== null) this.#events.frame(frame);
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.#events.invalid(error);
    }
  }
}
