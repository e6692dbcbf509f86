/** The two encodings of a connection. Each turns bytes of a server into frames, and frames for it into bytes. */

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

const BYTE_ORDER_MARK = Buffer.from('\ufeff');

/** One encoding, with what is in progress in it. */
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
  /**
   * What is left when nothing more comes and {@link next} has no more frames.
   *
   * @returns `null`: nothing
   * @throws FrameError when it is not a whole frame
   */
  last(): ServerFrame | null;
  /** Adds a frame to those that leave next. */
  put(frame: CoreFrame): void;
  /** All that waits to leave. */
  take(): Buffer;
}

/**
 * The encoding of a connection. No length begins with a character of text, or with a byte order mark. So a server that sends
 * text that is not JSON gets an answer in text.
 */
export function encodingOf(firstByte: number, limits: GatewayLimits): Encoding {
  const isPrintable = firstByte >= 0x20 && firstByte < 0x7f;
  const isText = isPrintable || [0x09, 0x0a, 0x0d, BYTE_ORDER_MARK[0]].includes(firstByte);
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
    if (!this.#step()) return null;
    const { bytes, from, to } = this.#reader;
    return readServerFrame(bytes, from, to);
  }

  last(): null {
    const { heldBytes } = this.#reader;
    if (heldBytes > 0)
      throw new FrameError('FRAME_INVALID', 'the last frame has no end: the connection ended inside it');
    return null;
  }

  put(frame: CoreFrame): void {
    writeCoreFrame(this.#out, frame);
  }

  take(): Buffer {
    return this.#out.take();
  }

  #step(): boolean {
    try {
      return this.#reader.step();
    } catch (error) {
      throw new FrameError('FRAME_INVALID', (error as FrameTooLargeError).message, { isLast: true });
    }
  }
}

/** A line of the core; also for a peer that has sent nothing, whose encoding is unknown. */
export class JsonLines implements Encoding {
  readonly name = 'json';
  readonly #reader: LineReader;
  #isFirst = true;
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
    for (let line = this.#reader.next(); line !== null; line = this.#reader.next()) {
      const content = this.#withoutMark(line);
      if (content.length > 0) return readServerLine(content);
    }
    return null;
  }

  last(): ServerFrame | null {
    const line = this.#reader.rest();
    return line && readServerLine(this.#withoutMark(line), false);
  }

  put(frame: CoreFrame): void {
    this.#lines += coreLine(frame);
  }

  take(): Buffer {
    const lines = Buffer.from(this.#lines);
    this.#lines = '';
    return lines;
  }

  /** Some programs begin each text with the byte order mark. */
  #withoutMark(line: Buffer): Buffer {
    if (!this.#isFirst) return line;
    this.#isFirst = false;
    return line.indexOf(BYTE_ORDER_MARK) === 0 ? line.subarray(BYTE_ORDER_MARK.length) : line;
  }
}
