/** A chat server that speaks to a gateway in bytes, and reads only when it is told to. */

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { CallEvent } from '../../src/wire/call-event.js';
import { FrameReader } from '../../src/wire/framing.js';
import type { CoreFrame, Failure, Hello, OutcomeFrame, ServerFrame, Welcome } from '../../src/wire/gateway/frames.js';
import { LineReader } from '../../src/wire/gateway/json/line-reader.js';
import { readCoreLine } from '../../src/wire/gateway/json/read-core-frame.js';
import { serverLine } from '../../src/wire/gateway/json/write-line.js';
import { FrameOut } from '../../src/wire/gateway/protobuf/frame-out.js';
import { readCoreFrame } from '../../src/wire/gateway/protobuf/read-core-frame.js';
import { writeServerFrame } from '../../src/wire/gateway/protobuf/write-server-frame.js';
import type { MessageParamsInput } from '../../src/wire/params.js';

const GIB = 2 ** 30;

/** A Hello of a server called `chat`, unless it says otherwise. */
export function helloOf(given: Partial<Hello> = {}): Hello {
  return {
    kind: 'hello',
    versionMin: 1,
    versionMax: 1,
    server: 'chat',
    instance: '',
    takesSends: false,
    window: 0,
    ...given,
  };
}

/** An event of a message. */
export function messageOf(
  id: number | bigint,
  text: string,
  params: MessageParamsInput = { from: 'alice', to: 'bob' },
  trace = false,
): ServerFrame {
  return { kind: 'event', id: BigInt(id), trace, event: CallEvent.message(params, Buffer.from(text)) };
}

/** One connection. */
export class RawServer {
  readonly socket: Socket;
  readonly encoding: 'protobuf' | 'json';
  readonly #reader: FrameReader | LineReader;
  #wake: () => void = () => undefined;

  private constructor(socket: Socket, encoding: 'protobuf' | 'json') {
    this.encoding = encoding;
    this.#reader = encoding === 'json' ? new LineReader(GIB) : new FrameReader(GIB);
    this.socket = socket.on('error', () => undefined);
    for (const event of ['readable', 'end', 'close']) socket.on(event, () => this.#wake());
  }

  /** Connects, and says nothing. */
  static async dial(path: string, encoding: 'protobuf' | 'json' = 'protobuf'): Promise<RawServer> {
    const socket = connect({ path, allowHalfOpen: true });
    await once(socket, 'connect');
    return new RawServer(socket, encoding);
  }

  /** Connects, says hello, and is welcome. */
  static async join(
    path: string,
    hello: Partial<Hello> = {},
    encoding: 'protobuf' | 'json' = 'protobuf',
  ): Promise<{ server: RawServer; welcome: Welcome }> {
    const server = await RawServer.dial(path, encoding);
    server.say(helloOf(hello));
    return { server, welcome: await server.welcome() };
  }

  /** Writes frames, all at once. */
  say(...frames: ServerFrame[]): void {
    this.write(this.bytesOf(frames));
  }

  /** Frames in the encoding of this connection. */
  bytesOf(frames: ServerFrame[]): Buffer {
    if (this.encoding === 'json') return Buffer.from(frames.map(serverLine).join(''));
    const out = new FrameOut();
    for (const frame of frames) writeServerFrame(out, frame);
    return out.take();
  }

  /** Writes bytes as they are. @returns whether there is room for more */
  write(bytes: Buffer | string): boolean {
    return this.socket.write(bytes);
  }

  /** The next frame; `null` when the connection ends before it. */
  async next(): Promise<CoreFrame | null> {
    for (;;) {
      const frame = this.#reader.next();
      if (frame) return this.encoding === 'json' ? readCoreLine(frame) : readCoreFrame(frame);
      const chunk = (this.socket.read() ?? null) as Buffer | null;
      if (chunk) this.#reader.push(chunk);
      else if (this.socket.readableEnded || this.socket.destroyed) return null;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** The next frame, which is of this kind. */
  async #next<K extends CoreFrame['kind']>(kind: K): Promise<Extract<CoreFrame, { kind: K }>> {
    const frame = await this.next();
    if (frame?.kind === kind) return frame as Extract<CoreFrame, { kind: K }>;
    const shown = JSON.stringify(frame, (_, value) => (typeof value === 'bigint' ? String(value) : value));
    throw new Error(`expected ${kind}, and got ${shown}`);
  }

  welcome(): Promise<Welcome> {
    return this.#next('welcome');
  }

  outcome(): Promise<OutcomeFrame> {
    return this.#next('outcome');
  }

  failure(): Promise<Failure> {
    return this.#next('failure');
  }

  sent(): Promise<Extract<CoreFrame, { kind: 'send' }>> {
    return this.#next('send');
  }

  /** The next outcomes, as many as are wanted. */
  async outcomes(count: number): Promise<OutcomeFrame[]> {
    const taken: OutcomeFrame[] = [];
    while (taken.length < count) taken.push(await this.outcome());
    return taken;
  }

  /** The last frame, after which the connection ends. */
  async lastWords(): Promise<Failure> {
    const failure = await this.failure();
    if (!failure.fatal) throw new Error(`not fatal: ${failure.message}`);
    if ((await this.next()) !== null) throw new Error('the connection goes on');
    return failure;
  }

  /** Goes. */
  end(): void {
    this.socket.destroy();
  }
}
