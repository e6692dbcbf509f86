/** A real supervisor with real modules, and HTTP before it. */

import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { parseHttpAddress } from '../../src/config/http-address.js';
import type { ConfigOptions } from '../../src/config/make.js';
import type { CoreConfig } from '../../src/config/types.js';
import type { HttpLimits } from '../../src/http/limits.js';
import { HttpServer, type HttpServerOptions } from '../../src/http/server.js';
import { Names } from '../../src/servers/names.js';
import { Supervisor } from '../../src/supervisor/supervisor.js';
import { patientConfig } from './patient-config.js';
import { makeTempDir } from './temp-dir.js';
import { TestSends } from './test-sends.js';

/** What the server answered. */
export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: whatever a test expects.
  json: any;
}

/** What is asked. */
export interface Asking {
  body?: unknown;
  headers?: Record<string, string>;
  token?: string | null;
}

export const TOKEN = 'not-a-secret-to-anybody';

/** One for each test, which ends with it. */
export class HttpRig {
  readonly directory = makeTempDir();
  readonly supervisor: Supervisor;
  readonly sends = new TestSends();
  readonly names = new Names();
  readonly warnings: string[] = [];
  readonly #config: CoreConfig;
  readonly #sockets: Socket[] = [];
  #server: HttpServer | null = null;

  private constructor(options: ConfigOptions) {
    this.#config = patientConfig(options);
    this.supervisor = new Supervisor(this.#config, { runDir: join(this.directory, 'run') });
    this.sends.tell = (params, status, options) => this.supervisor.tellSender(params, status, options);
  }

  /** Starts modules, and listens. */
  static async start(
    options: ConfigOptions = {},
    limits: Partial<HttpLimits> = {},
    more: Partial<HttpServerOptions> = {},
  ): Promise<HttpRig> {
    const rig = new HttpRig(options);
    onTestFinished(() => rig.#close());
    const { refused } = await rig.supervisor.start();
    if (refused[0]) throw refused[0].error;
    await rig.open(limits, more);
    return rig;
  }

  get server(): HttpServer {
    if (this.#server === null) throw new Error('nothing listens');
    return this.#server;
  }

  /** Listens at a port that the system chooses, or at the socket of `more`. */
  async open(limits: Partial<HttpLimits> = {}, more: Partial<HttpServerOptions> = {}): Promise<HttpServer> {
    const { supervisor, sends, names } = this;
    const { maxMessageBytes, chainDeadlineMs } = this.#config;
    this.#server = await HttpServer.open({
      address: { kind: 'tcp', host: '127.0.0.1', port: 0 },
      token: TOKEN,
      core: { submit: (event, origin, taker) => supervisor.submit(event, origin, taker) },
      sends,
      names,
      maxMessageBytes,
      chainDeadlineMs: () => chainDeadlineMs,
      readiness: () => ({ reasons: [], notes: [], outline: { reasons: [], notes: [] } }),
      warn: (text) => this.warnings.push(text),
      limits,
      ...more,
    });
    return this.#server;
  }

  /** Asks for something, with the token unless another one is given. */
  async ask(method: 'GET' | 'POST' | 'HEAD' | 'PUT', path: string, { body, headers = {}, token = TOKEN }: Asking = {}) {
    const { path: socketPath, ...place } = this.#place();
    const isText = typeof body === 'string' || Buffer.isBuffer(body);
    const bytes = body === undefined ? undefined : isText ? body : JSON.stringify(body);
    const response = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
      const sent = httpRequest({
        ...place,
        ...(socketPath === undefined ? {} : { socketPath }),
        method,
        path,
        agent: false,
        headers: {
          ...(token === null ? {} : { authorization: `Bearer ${token}` }),
          ...(bytes === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
      });
      sent.on('response', resolve);
      sent.on('error', reject);
      sent.end(bytes);
    });
    const content = await text(response);
    const isJson = response.headers['content-type']?.startsWith('application/json') ?? false;
    return {
      status: response.statusCode ?? 0,
      headers: response.headers,
      text: content,
      json: isJson && content !== '' ? JSON.parse(content) : null,
    } satisfies Answer;
  }

  /** Reads what modules send; resolves with the head of the answer. */
  async read(query = '', headers: Record<string, string> = {}): Promise<Reading> {
    const { path: socketPath, ...place } = this.#place();
    const sent = httpRequest({
      ...place,
      ...(socketPath === undefined ? {} : { socketPath }),
      path: `/v1/sends${query}`,
      agent: false,
      headers: { authorization: `Bearer ${TOKEN}`, ...headers },
    });
    const response = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
      sent.on('response', resolve);
      sent.on('error', reject);
      sent.end();
    });
    onTestFinished(() => void response.destroy());
    return new Reading(response);
  }

  /** A connection on which nothing was said. */
  async dial(): Promise<RawCaller> {
    const socket = connect({ ...this.#place(), allowHalfOpen: true });
    this.#sockets.push(socket);
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return new RawCaller(socket);
  }

  #place(): { host: string; port: number; path?: never } | { path: string } {
    const address = parseHttpAddress(this.server.address);
    if (address === null) throw new Error('nothing listens');
    return address.kind === 'tcp' ? { host: address.host, port: address.port } : { path: address.path };
  }

  async #close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server?.retire();
    await this.supervisor.stop();
    await this.#server?.close();
  }
}

/** A stream of server-sent events. */
export class Reading {
  readonly response: import('node:http').IncomingMessage;
  readonly #lines: AsyncIterator<string>;

  constructor(response: import('node:http').IncomingMessage) {
    this.response = response;
    response.on('error', () => undefined);
    this.#lines = createInterface({ input: response, crlfDelay: Number.POSITIVE_INFINITY })[Symbol.asyncIterator]();
  }

  get status(): number {
    return this.response.statusCode ?? 0;
  }

  /** The next event, or comment; `null`: the stream has ended. */
  async next(): Promise<Record<string, string> | null> {
    const fields: Record<string, string> = {};
    for (;;) {
      const { done = false, value = '' } = await this.#lines.next().catch(() => ({ done: true, value: '' }));
      if (done) return null;
      if (value === '') return fields;
      const [, name = '', content = ''] = /^([^:]*): ?(.*)$/.exec(value) ?? [];
      fields[name === '' ? 'comment' : name] = content;
    }
  }

  /** The ids of the next sends. */
  async sends(count: number): Promise<string[]> {
    const ids: string[] = [];
    while (ids.length < count) {
      const event = await this.next();
      if (event === null) throw new Error(`the stream ended behind ${ids.join(', ') || 'nothing'}`);
      if (event.id !== undefined) ids.push(event.id);
    }
    return ids;
  }

  end(): void {
    this.response.destroy();
  }
}

/** Says bytes, and waits for bytes. */
export class RawCaller {
  readonly socket: Socket;
  /** All that came. */
  text = '';
  hasEnded = false;
  #waiting: { holds: () => boolean; done: () => void }[] = [];

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      this.text += chunk;
      this.#look();
    });
    socket.on('error', () => undefined);
    const end = () => {
      this.hasEnded = true;
      this.#look();
    };
    socket.on('end', end).on('close', end);
  }

  say(bytes: string | Buffer): void {
    this.socket.write(bytes);
  }

  /** Resolves when what came has so many answers, or the connection has ended; gives their statuses. */
  async statuses(count: number): Promise<number[]> {
    await this.until(() => this.#statuses().length >= count || this.hasEnded);
    return this.#statuses();
  }

  /** Resolves when the server has closed its end. */
  ended(): Promise<void> {
    return this.until(() => this.hasEnded);
  }

  until(holds: () => boolean): Promise<void> {
    return new Promise((done) => {
      this.#waiting.push({ holds, done });
      this.#look();
    });
  }

  #statuses(): number[] {
    return [...this.text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
  }

  #look(): void {
    const held = this.#waiting.filter(({ holds }) => holds());
    this.#waiting = this.#waiting.filter((entry) => !held.includes(entry));
    for (const { done } of held) done();
  }
}
