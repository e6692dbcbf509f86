/** One connection to a server: straight, or through a proxy. */

import { request as httpRequest } from 'node:http';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { type buildConnector, Client, type Dispatcher } from 'undici';
import { HttpFailure, notHttp, RESET } from './failure.js';
import { HeadFilter, LONGEST_HEAD } from './head-filter.js';
import type { HttpRequest } from './request.js';
import { HeadRefusal } from './response-head.js';
import { trustedCertificates } from './trust.js';

/** An idle connection is never kept for longer than this, even if the server would keep it. */
const MOST_IDLE_MS = 60_000;

/** How a request gets to its server. */
export interface Route {
  /** Equal for requests that may share connections. */
  key: string;
  /** Where the connection leads as HTTP sees it: an http proxy, or the server. */
  origin: string;
  /** A proxy that is asked for a tunnel first. */
  tunnel: { url: URL; authorization: string | null } | null;
}

/** The route of a request. Plain http goes to its proxy as a whole; https goes through it. */
export function routeOf({ url, proxy }: HttpRequest): Route {
  if (proxy === null) return { key: url.origin, origin: url.origin, tunnel: null };
  const by = `${proxy.credentials ?? ''}@${proxy.url.host}`;
  if (url.protocol === 'http:') return { key: by, origin: proxy.url.origin, tunnel: null };
  const authorization = proxy.credentials === null ? null : `Basic ${proxy.credentials}`;
  return { key: `${by} ${url.origin}`, origin: url.origin, tunnel: { url: proxy.url, authorization } };
}

/** A connection for one request at a time. It opens with the first request, and again after the server has closed it. */
export class Connection {
  readonly #target: string;
  #peer: string;
  readonly #client: Client;
  readonly #tunnel: Route['tunnel'];
  #opening: Duplex | null = null;
  #socket: Socket | null = null;
  #held = false;
  /** Of the response that is awaited or read. */
  #filter = new HeadFilter();

  /** @param closed is called whenever an open connection has ended */
  constructor({ origin, tunnel }: Route, closed: () => void) {
    this.#tunnel = tunnel;
    this.#target = peerOf(new URL(origin));
    this.#peer = this.#target;
    this.#client = new Client(origin, {
      connect: (options: buildConnector.Options, done: buildConnector.Callback) => this.#open(options, done),
      // Timed by the exchange, to the millisecond.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveMaxTimeout: MOST_IDLE_MS,
    });
    this.#client.on('disconnect', closed);
  }

  /** `host:port` of the other end, for failures. Until a proxy has made its tunnel, it is the proxy. */
  get peer(): string {
    return this.#peer;
  }

  /** Sends a request. The handler gets its start once the connection is open. */
  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    this.#filter = new HeadFilter();
    this.#client.dispatch(options, handler);
  }

  /** Stops reading until `release`. Even the end of the connection is not noticed. */
  hold(): void {
    this.#held = true;
  }

  /** Reads on after `hold`. */
  release(): void {
    if (!this.#held) return;
    this.#held = false;
    // Not now: undici may still work on what it has read.
    process.nextTick(() => {
      if (!this.#held) this.#socket?.emit('readable');
    });
  }

  /** Ends it, opening or open. */
  destroy(): void {
    this.#opening?.destroy();
    this.#client.destroy().catch(() => {});
  }

  #open(options: buildConnector.Options, done: buildConnector.Callback): void {
    const finish = (error: Error | null, socket?: Socket) => {
      this.#opening = null;
      if (error || !socket) {
        done(error ?? new Error('no socket'), null);
        return;
      }
      this.#socket = socket;
      this.#takeOverReading(socket);
      done(null, socket);
    };
    if (this.#tunnel !== null) this.#openTunnel(this.#tunnel, options, finish);
    else if (options.protocol === 'https:') this.#secure(options, undefined, finish);
    else this.#openTcp(options.hostname, options.port || '80', finish);
  }

  /**
   * undici can pause. But when the server closes the connection meanwhile, it takes it for broken, or an assertion fails. Its
   * parser also refuses heads that are not written strictly.
   */
  #takeOverReading(socket: Socket): void {
    const read = socket.read.bind(socket);
    socket.read = () => {
      while (!this.#held) {
        const chunk: Buffer | null = read();
        if (chunk === null) return null;
        const plain = this.#filter.push(chunk);
        if (plain instanceof HeadRefusal) socket.destroy(notHttp(this.#peer, plain.why));
        else if (plain.length > 0) return plain;
      }
      return null;
    };
  }

  #openTcp(host: string, port: string, done: Opened): void {
    const socket = connectTcp({ host, port: Number(port), noDelay: true, keepAlive: true });
    this.#opening = socket;
    whenOpen(socket, 'connect', done);
  }

  #openTunnel(
    { url, authorization }: NonNullable<Route['tunnel']>,
    options: buildConnector.Options,
    done: Opened,
  ): void {
    this.#peer = peerOf(url);
    this.#openTcp(url.hostname.replace(/^\[|\]$/g, ''), url.port || '80', (error, socket) => {
      if (error || !socket) {
        done(error);
        return;
      }
      this.#opening = socket;
      const ask = httpRequest({
        createConnection: () => socket,
        method: 'CONNECT',
        path: this.#target,
        // Only the status counts. The bytes behind the head are TLS, which nobody can change.
        insecureHTTPParser: true,
        maxHeaderSize: LONGEST_HEAD,
        headers: { host: this.#target, ...(authorization === null ? {} : { 'proxy-authorization': authorization }) },
      });
      ask.on('error', (failure) => done(failure));
      ask.once('connect', ({ statusCode = 0 }, _, head) => {
        if (statusCode < 200 || statusCode > 299) {
          socket.destroy();
          const words = `the proxy ${this.#peer} answered ${statusCode} when asked for a tunnel to ${this.#target}`;
          done(new HttpFailure(words, { transient: true }));
          return;
        }
        this.#peer = this.#target;
        if (head.length > 0) socket.unshift(head);
        this.#secure(options, socket, done);
      });
      ask.end();
    });
  }

  #secure({ hostname, port }: buildConnector.Options, socket: Socket | undefined, done: Opened): void {
    const trust = trustedCertificates();
    const secure = connectTls({
      ...(socket ? { socket } : { host: hostname, port: Number(port || 443), noDelay: true, keepAlive: true }),
      ...(isIP(hostname) ? { host: hostname } : { servername: hostname }),
      ...(trust ? { secureContext: trust } : {}),
      ALPNProtocols: ['http/1.1'],
    });
    this.#opening = secure;
    whenOpen(secure, 'secureConnect', (error, opened) => done(error && inTls(error, hostname), opened));
  }
}

type Opened = (error: Error | null, socket?: Socket) => void;

/** Tells once whether a socket has opened. */
function whenOpen(socket: Socket, event: 'connect' | 'secureConnect', done: Opened): void {
  let told = false;
  const tell: Opened = (error, opened) => {
    if (!told) done(error, opened);
    told = true;
  };
  socket.once(event, () => tell(null, socket));
  socket.once('close', () => tell(Object.assign(new Error('closed'), { code: 'ECONNRESET' })));
  socket.on('error', (error: NodeJS.ErrnoException) => {
    // With its own code, undici takes it for the end of a body without a length.
    if (told && error.code === 'ECONNRESET') error.code = RESET;
    tell(error);
  });
}

/** Errors of certificates have codes of their own. Their words need the name of the server beside them. */
function inTls(error: NodeJS.ErrnoException, hostname: string): Error {
  if (error.syscall !== undefined) return error;
  if (error.code === 'ECONNRESET')
    return new HttpFailure(`${hostname} ended the connection during the TLS handshake`, { transient: true });
  return new HttpFailure(`no trusted connection to ${hostname}: ${error.message}`);
}

/** `host:port`, also where the port is the usual one. */
function peerOf({ protocol, hostname, port }: URL): string {
  return `${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`;
}
