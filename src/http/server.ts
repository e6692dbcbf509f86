/** The core's end of HTTP. */

import type { Server } from 'node:http';
import { performance } from 'node:perf_hooks';
import type { HttpAddress } from '../config/http-address.js';
import { readDescriptorLimit } from '../libc.js';
import type { SendSource } from '../sends/types.js';
import type { Names } from '../servers/names.js';
import type { EventCore, ServerClient } from '../servers/types.js';
import { makeApp } from './app.js';
import type { Connections } from './connections.js';
import { Events } from './events.js';
import { type HttpLimits, httpLimits } from './limits.js';
import { type Listening, listeningAt } from './listening.js';
import { makeNodeServer } from './node-server.js';
import { descriptionRoute } from './routes/description-route.js';
import { eventRoutes } from './routes/event-routes.js';
import { sendRoutes } from './routes/send-routes.js';
import { stateRoutes } from './routes/state-routes.js';
import { SendDesk } from './sends/send-desk.js';
import { isLet, Token } from './token.js';
import type { MetricsText, Readiness } from './types.js';
import { Visits } from './visits.js';
import { HttpWarnings } from './warnings.js';

/** How HTTP is set up. */
export interface HttpServerOptions {
  address: HttpAddress;
  /** `null`: none is asked for. */
  token: string | null;
  core: EventCore;
  /** What modules sent, for servers that take it. */
  sends: SendSource;
  /** Those of all doors, as a name is taken once. */
  names: Names;
  /** The largest payload that the core takes, in bytes. */
  maxMessageBytes: number;
  /** Within it the core decides on an event. */
  chainDeadlineMs(): number;
  readiness(): Readiness;
  /** `null`: there are none. */
  metrics?: MetricsText | null;
  /** Takes one readable line about something that went wrong. */
  warn(text: string): void;
  /** Other bounds than the usual. */
  limits?: Partial<HttpLimits>;
}

/** How long the last answers may take to leave once the core ends. */
const LINGER_MS = 500;

/** Serves callers. A caller that is gone, slow or sends nonsense cannot hurt the core or another caller. */
export class HttpServer {
  readonly #options: HttpServerOptions;
  readonly #limits: HttpLimits;
  readonly #listening: Listening;
  readonly #visits: Visits;
  readonly #events: Events;
  readonly #desk: SendDesk;
  readonly #warnings: HttpWarnings;
  readonly #timer: NodeJS.Timeout;
  #server: Server | null = null;
  #connections: Connections | null = null;
  #token: Token | null = null;
  #isRetired = false;
  #isClosed = false;

  private constructor(options: HttpServerOptions) {
    const { core, sends, names, maxMessageBytes, chainDeadlineMs } = options;
    const limits = { ...httpLimits(maxMessageBytes, readDescriptorLimit()), ...options.limits };
    const warnings = new HttpWarnings(
      (text) => options.warn(`http: ${text}`),
      () => performance.now(),
    );
    this.#warnings = warnings;
    this.#options = options;
    this.#token = options.token === null ? null : new Token(options.token);
    this.#limits = limits;
    // Each of these names a server, and is told once while it is so.
    const warn = (text: string) => warnings.add(text, text);
    this.#visits = new Visits({ sends, limits, chainDeadlineMs, warn });
    this.#events = new Events(core, this.#visits);
    this.#desk = new SendDesk({ sends, names, limits, isLet: (request) => isLet(this.#token, request), warn });
    this.#listening = listeningAt(options.address, {
      connected: (socket) => void this.#server?.emit('connection', socket),
      failed: ({ message }) => warnings.add('listening', `a caller could not be let in (${message}); it may try again`),
    });
    this.#timer = setInterval(() => this.#look(), limits.lookMs).unref();
  }

  /**
   * Listens and begins to answer.
   *
   * @throws DirectoryError `HTTP_UNUSABLE` or `SOCKET_PATH_TOO_LONG` when nothing can listen there
   */
  static async open(options: HttpServerOptions): Promise<HttpServer> {
    const server = new HttpServer(options);
    try {
      await server.#start();
      return server;
    } catch (error) {
      await server.close();
      throw error;
    }
  }

  /** Where it is, as a configuration would say it; of port 0 it is the one that the system chose. */
  get address(): string {
    return this.#listening.address;
  }

  /** As an operator is told. */
  get path(): string {
    return this.address;
  }

  /** Whether callers find this core. */
  isThere(): boolean {
    return this.#isRetired || this.#listening.isThere();
  }

  /**
   * Makes the socket again, where somebody has removed or replaced it.
   *
   * @throws DirectoryError `HTTP_UNUSABLE` when something stands in the way
   */
  async restore(): Promise<void> {
    if (this.isThere()) return;
    await this.#listening.open();
    // The stop may have come to its end meanwhile.
    if (this.#isClosed) this.#listening.close();
  }

  /** What keeps callers from being served, in sentences. */
  problems(): string[] {
    if (this.#isRetired) return [];
    return this.#visits.problems();
  }

  /** Everybody who is connected. */
  clients(): ServerClient[] {
    return (this.#connections?.all() ?? []).map((connection) => connection.describe());
  }

  /** Asks for another token from now on. @returns `false`: it is the one that it has */
  changeToken(token: string | null): boolean {
    // A configuration without a token has another address, or none. So an address that others can reach never becomes open.
    if (token === null && this.#options.address.kind !== 'unix') return false;
    if (token === null ? this.#token === null : this.#token?.is(token)) return false;
    this.#token = token === null ? null : new Token(token);
    this.#desk.tokenChanged();
    return true;
  }

  /**
   * Takes no more events; those in progress still get their outcomes. It goes on listening, so callers learn that the core
   * stops, and servers can still report on sends.
   */
  retire(): void {
    this.#isRetired = true;
    this.#visits.retire();
    this.#desk.retire();
  }

  /** Ends all connections; outcomes already told may still leave. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.retire();
    this.#isClosed = true;
    this.#listening.close();
    clearInterval(this.#timer);
    this.#desk.close();
    this.#warnings.close();
    await this.#connections?.close(LINGER_MS);
    // Ends its looking for slow requests; it has never listened itself.
    this.#server?.close();
  }

  async #start(): Promise<void> {
    const { readiness, metrics = null, sends } = this.#options;
    const routes = [
      ...eventRoutes(this.#events),
      ...sendRoutes({ desk: this.#desk, visits: this.#visits, sends }),
      ...stateRoutes({ readiness, metrics }),
    ];
    routes.push(descriptionRoute(routes));
    await makeApp({
      routes,
      limits: this.#limits,
      makeServer: (handle) => {
        const { server, connections } = makeNodeServer(
          this.#limits,
          (kind, text) => this.#warnings.add(kind, text),
          handle,
        );
        this.#server = server;
        this.#connections = connections;
        return server;
      },
      connections: () => this.#connections as Connections,
      token: () => this.#token,
      isPrivate: this.#options.address.kind === 'unix',
      isRetired: () => this.#isRetired,
      warn: (kind, text, from) => this.#warnings.add(kind, text, from),
    });
    await this.#listening.open();
  }

  #look(): void {
    // Streams first: what they say of a reader is more.
    this.#desk.look(performance.now());
    this.#connections?.look(performance.now());
    this.#warnings.look();
  }
}
