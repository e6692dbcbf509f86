/** A core's gateway without a core: it speaks protobuf, and does frame by frame what a test says. */

import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { FrameReader } from '../../src/wire/framing.js';
import { emptyOutcome } from '../../src/wire/gateway/empty-frames.js';
import type {
  CoreFrame,
  Hello,
  OutcomeFrame,
  ServerEvent,
  ServerFrame,
  Welcome,
} from '../../src/wire/gateway/frames.js';
import { FrameOut } from '../../src/wire/gateway/protobuf/frame-out.js';
import { readServerFrame } from '../../src/wire/gateway/protobuf/read-server-frame.js';
import { writeCoreFrame } from '../../src/wire/gateway/protobuf/write-core-frame.js';

const WELCOME: Welcome = {
  kind: 'welcome',
  version: 1,
  coreVersion: '1.2.3',
  maxMessage: 64 * 1024,
  window: 256,
  callbacks: ['on_message', 'on_message_status', 'on_login', 'on_call', 'on_call_status'],
  chainDeadlineMs: 60_000,
};

/** The outcome of an event that no module changed. */
export function outcomeOf(id: bigint, rest: Partial<OutcomeFrame> = {}): OutcomeFrame {
  return { ...emptyOutcome(id), ...rest };
}

/** The connection of one server. */
export class ProtobufConnection {
  readonly socket: Socket;
  /** How many chunks arrived. */
  reads = 0;
  readonly #reader = new FrameReader(16 * 1024 * 1024);
  readonly #frames: ServerFrame[] = [];
  #isEnded = false;
  #more: () => void = () => {};

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      this.reads += 1;
      this.#reader.push(chunk);
      for (let bytes = this.#reader.next(); bytes; bytes = this.#reader.next()) {
        const frame = readServerFrame(Buffer.from(bytes), 0, bytes.length);
        if (frame) this.#frames.push(frame);
      }
      this.#more();
    });
    socket.on('close', () => {
      this.#isEnded = true;
      this.#more();
    });
  }

  /** The next frame; `null`: the connection has ended. */
  async next(): Promise<ServerFrame | null> {
    while (this.#frames.length === 0) {
      if (this.#isEnded) return null;
      await new Promise<void>((resolve) => {
        this.#more = resolve;
      });
    }
    return this.#frames.shift() as ServerFrame;
  }

  /** The next frame, which must be of that kind. */
  async take<K extends ServerFrame['kind']>(kind: K): Promise<Extract<ServerFrame, { kind: K }>> {
    const frame = await this.next();
    if (frame?.kind !== kind) throw new Error(`${frame?.kind ?? 'the end'} came, and ${kind} should have`);
    return frame as Extract<ServerFrame, { kind: K }>;
  }

  event(): Promise<ServerEvent> {
    return this.take('event');
  }

  get waiting(): readonly ServerFrame[] {
    return this.#frames;
  }

  say(...frames: CoreFrame[]): void {
    const out = new FrameOut();
    for (const frame of frames) writeCoreFrame(out, frame);
    this.socket.write(out.take());
  }

  welcome(rest: Partial<Welcome> = {}): void {
    this.say({ ...WELCOME, ...rest });
  }

  async ended(): Promise<void> {
    if (!this.#isEnded) await once(this.socket, 'close');
  }
}

/** Listens at a path. It ends with the test. */
export class ProtobufGateway {
  readonly path: string;
  readonly connections: ProtobufConnection[] = [];
  accepted = 0;
  #server: Server | null = null;
  #more: () => void = () => {};

  constructor(path: string) {
    this.path = path;
    onTestFinished(() => this.close());
  }

  async listen(): Promise<void> {
    this.#server = createServer((socket) => {
      this.accepted += 1;
      this.connections.push(new ProtobufConnection(socket));
      this.#more();
    }).listen(this.path);
    await once(this.#server, 'listening');
  }

  /** The next connection that comes. */
  async accept(): Promise<ProtobufConnection> {
    while (this.connections.length === 0) {
      await new Promise<void>((resolve) => {
        this.#more = resolve;
      });
    }
    return this.connections.shift() as ProtobufConnection;
  }

  /** The same, welcomed. */
  async meet(rest: Partial<Welcome> = {}): Promise<ProtobufConnection & { said: Hello }> {
    const connection = await this.accept();
    const said = await connection.take('hello');
    connection.welcome(rest);
    return Object.assign(connection, { said });
  }

  /** Lets nobody in any more. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (!server) return;
    for (const { socket } of this.connections) socket.destroy();
    const closed = once(server, 'close');
    server.close();
    server.unref();
    void closed;
  }
}
