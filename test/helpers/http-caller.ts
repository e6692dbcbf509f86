/** Asks a core over HTTP, on connections that are kept. */

import { Agent, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { parseHttpAddress } from '../../src/config/http-address.js';

/** What the core answered. */
export interface Answered {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: whatever a test expects.
  json: any;
}

/** One for each token. */
export class HttpCaller {
  /** As a status shows it. */
  readonly address: string;
  readonly #token: string | null;
  readonly #agent = new Agent({ keepAlive: true });

  constructor(address: string, token: string | null) {
    this.address = address;
    this.#token = token;
  }

  get(path: string): Promise<Answered> {
    return this.#ask('GET', path, undefined);
  }

  post(path: string, body?: unknown): Promise<Answered> {
    return this.#ask('POST', path, body);
  }

  /** Reads server-sent events; resolves with the head of the answer. */
  async stream(path: string, headers: Record<string, string> = {}): Promise<EventStream> {
    return new EventStream(await this.#send('GET', path, undefined, headers));
  }

  close(): void {
    this.#agent.destroy();
  }

  async #ask(method: string, path: string, body: unknown): Promise<Answered> {
    const response = await this.#send(method, path, body);
    const content = await text(response);
    return { status: response.statusCode ?? 0, json: content === '' ? null : JSON.parse(content) };
  }

  #send(method: string, path: string, body: unknown, headers: Record<string, string> = {}): Promise<IncomingMessage> {
    const address = parseHttpAddress(this.address);
    if (address === null) throw new Error(`${this.address} is no address`);
    const place = address.kind === 'unix' ? { socketPath: address.path } : { host: address.host, port: address.port };
    return new Promise((resolve, reject) => {
      const sent = request({
        ...place,
        agent: this.#agent,
        method,
        path,
        headers: {
          ...headers,
          ...(this.#token === null ? {} : { authorization: `Bearer ${this.#token}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
      });
      sent.on('response', resolve).on('error', reject);
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}

/** What comes, until it ends. */
export class EventStream {
  readonly #response: IncomingMessage;
  #text = '';
  #isOver = false;
  #look: () => void = () => undefined;

  constructor(response: IncomingMessage) {
    this.#response = response;
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      this.#text += chunk;
      this.#look();
    });
    const end = () => {
      this.#isOver = true;
      this.#look();
    };
    response.on('end', end).on('close', end);
    response.on('error', end);
  }

  /** The ids of the first events. */
  async ids(count: number): Promise<string[]> {
    const all = () => [...this.#text.matchAll(/^id: (.*)$/gm)].map(([, id = '']) => id);
    await this.#until(() => all().length >= count);
    return all();
  }

  /** All that came, when it has ended. */
  async rest(): Promise<string> {
    await this.#until(() => false);
    return this.#text;
  }

  end(): void {
    this.#response.destroy();
  }

  #until(holds: () => boolean): Promise<void> {
    return new Promise((done) => {
      this.#look = () => {
        if (holds() || this.#isOver) done();
      };
      this.#look();
    });
  }
}
