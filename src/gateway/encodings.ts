/** The two encodings of a connection: what came of a server as frames, and frames for it as bytes. */

import { FrameReader, type FrameTooLargeError } from '../wire/framing.js';
import { FrameError } from '../wire/gateway/frame-error.js';
import type { CoreFrame, ServerFrame } from '../wire/gateway/frames.js';
import { LineReader } from '../wire/gateway/json/line-reader.js';
import { readServerLine } from '../wire/gateway/json/read-server-frame.js';
import { coreLine } from '../wire/gateway/json/write-line.js';
import { FrameOut } from '../wire/gateway/protobuf/frame-out.js';
import { readServerFrame } from '../wire/gateway/protobuf/read-server-frame.js';
import { writeCoreFrame } from '../wire/gateway/protobuf/write-core-frame.js';
import type { GatewayLimits } from './limits.js';

/** One encoding, with what is under way in it. */
export interface Encoding {
  readonly name: 'protobuf' | 'json';
  /** What is held of frames that were not taken yet, in bytes. */
  readonly heldBytes: number;
  /** What waits to leave, in bytes or a little more. */
  readonly waitingBytes: number;
  /** Takes bytes that arrived. */
  push(chunk: Buffer): void;
  /**
   * The next frame.
   *
   * @returns `null`: it is not complete yet
   * @throws FrameError
   */
  next(): ServerFrame | null;
  /** Adds a frame to those that leave next. */
  put(frame: CoreFrame): void;
  /** All that waits to leave. */
  take(): Buffer;
}

/**
 * The encoding of a connection. No length begins with a character of text: so who sends text that is no JSON is told so in
 * text.
 */
export function encodingOf(firstByte: number, limits: GatewayLimits): Encoding {
  const isText = firstByte >= 0x20 ? firstByte < 0x7f : [0x09, 0x0a, 0x0d].includes(firstByte);
  return isText ? new JsonLines(limits) : new Protobuf(limits);
}

class Protobuf implements Encoding {
  readonly name = 'protobuf';
  readonly #reader: FrameReader;
  readonly #out = new FrameOut();

  constructor({ frameBytes }: GatewayLimits) {
    this.#reader = new FrameReader(frameBytes);
  }

  get heldBytes(): number {
    return this.#reader.heldBytes;
  }

  get waitingBytes(): number {
    return this.#out.length;
  }

  push(chunk: Buffer): void {
    this.#reader.push(chunk);
  }

  next(): ServerFrame | null {
    const frame = this.#frame();
    return frame && readServerFrame(frame);
  }

  put(frame: CoreFrame): void {
    writeCoreFrame(this.#out, frame);
  }

  take(): Buffer {
    return this.#out.take();
  }

  #frame(): Buffer | null {
    try {
      return this.#reader.next();
    } catch (error) {
      throw new FrameError('FRAME_INVALID', (error as FrameTooLargeError).message, { isLast: true });
    }
  }
}

/** A line of the core; also for who has not said anything, so that nothing is known of it. */
export class JsonLines implements Encoding {
  readonly name = 'json';
  readonly #reader: LineReader;
  #lines = '';

  constructor({ lineBytes }: GatewayLimits) {
    this.#reader = new LineReader(lineBytes);
  }

  get heldBytes(): number {
    return this.#reader.heldBytes;
  }

  get waitingBytes(): number {
    return this.#lines.length;
  }

  push(chunk: Buffer): void {
    this.#reader.push(chunk);
  }

  next(): ServerFrame | null {
    const line = this.#reader.next();
    return line && readServerLine(line);
  }

  put(frame: CoreFrame): void {
    this.#lines += coreLine(frame);
  }

  take(): Buffer {
    const lines = Buffer.from(this.#lines);
    this.#lines = '';
    return lines;
  }
}
