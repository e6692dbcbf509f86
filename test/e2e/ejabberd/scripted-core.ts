/** A core that does what a test says, byte by byte, such as things that no real core does. */

import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { makeTempDir } from '../../helpers/temp-dir.js';

/** A request, without its head. */
export interface Request {
  method: string;
  path: string;
  body: string;
  /** What it came on. */
  socket: Socket;
}

/** An answer as it is on the wire. */
export function answer(body: string | Buffer, status = 200): Buffer {
  const bytes = Buffer.from(body);
  return Buffer.concat([Buffer.from(`HTTP/1.1 ${status} x\r\nContent-Length: ${bytes.length}\r\n\r\n`), bytes]);
}

/** The verdict of a module that changes the text. */
export const verdict = (message: string | null): string => JSON.stringify({ verdict: 'pass', message, params: {} });

/** The head of a stream, and a part of it. */
export const STREAM = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
export const chunk = (bytes: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);

/** What a module sends, as an event of the stream. */
export function sendEvent(id: string, params: object, text: string): Buffer {
  const all = { from: null, to: null, groupid: '0', flags: 0, ...params };
  return Buffer.from(`id: ${id}\ndata: ${JSON.stringify({ module: 'scripted', params: all, message: text })}\n\n`);
}

/** Listens on a socket. Messages pass in capitals, unless the test says otherwise. */
export class ScriptedCore {
  readonly address = `unix:${join(makeTempDir(), 'http.sock')}`;
  readonly requests: Request[] = [];
  /** What becomes of a request; `true` when it has been dealt with. */
  onRequest: (request: Request) => boolean = () => false;
  #server: Server | null = null;
  readonly #sockets = new Set<Socket>();
  #waiting: { holds: () => boolean; done: () => void }[] = [];

  static async start(): Promise<ScriptedCore> {
    const core = new ScriptedCore();
    onTestFinished(() => core.stop());
    await core.listen();
    return core;
  }

  async listen(): Promise<void> {
    const server = createServer((socket) => this.#serve(socket));
    this.#server = server;
    await new Promise<void>((done) => server.listen(this.address.slice('unix:'.length), done));
  }

  /** Ends all connections, and takes no more. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (!server) return;
    const closed = new Promise<void>((done) => server.close(() => done()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** Resolves when the condition holds; it is looked at with each request. */
  until(holds: () => boolean): Promise<void> {
    return new Promise((done) => {
      if (holds()) done();
      else this.#waiting.push({ holds, done });
    });
  }

  /** Resolves with a request for a path like this, also one that has come already. */
  async asked(path: RegExp): Promise<Request> {
    const find = () => this.requests.find((request) => path.test(request.path));
    await this.until(() => find() !== undefined);
    return find() as Request;
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket)).on('error', () => undefined);
    let come = Buffer.alloc(0);
    socket.on('data', (data) => {
      come = Buffer.concat([come, data]);
      for (;;) {
        const end = come.indexOf('\r\n\r\n');
        if (end < 0) return;
        const head = come.subarray(0, end).toString();
        const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
        if (come.length < end + 4 + length) return;
        const [method = '', path = ''] = head.split(' ');
        const body = come.subarray(end + 4, end + 4 + length).toString();
        come = come.subarray(end + 4 + length);
        this.#note({ method, path, body, socket });
      }
    });
  }

  #note(request: Request): void {
    this.requests.push(request);
    if (!this.onRequest(request)) this.#answer(request);
    const held = this.#waiting.filter(({ holds }) => holds());
    this.#waiting = this.#waiting.filter((entry) => !held.includes(entry));
    for (const { done } of held) done();
  }

  #answer({ path, body, socket }: Request): void {
    if (path.startsWith('/v1/sends?')) socket.write(STREAM);
    else if (path.startsWith('/v1/messages'))
      socket.write(answer(verdict((JSON.parse(body).text as string).toUpperCase())));
    else socket.write(answer('{}'));
  }
}
