/** The connections of callers, of which there may be so many. */

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { ServerClient } from '../servers/types.js';
import { Uptake } from '../servers/uptake.js';
import type { HttpLimits } from './limits.js';

/** So many may be there beside the others, to be told that they cannot stay. */
const MAX_LEAVING = 64;
/** Before a body of this size is read, it is checked that the caller reads answers. */
const LARGE_BYTES = 64 * 1024;
/** How long last words may take to be read. */
const LAST_WORDS_MS = 500;

/** One connection. */
export class Connection {
  readonly socket: Socket;
  /** The name that its last request gave. */
  server = '';
  inProgress = 0;
  /** What it is shown of what modules send; `null`: nothing. */
  taking: { readonly unacknowledged: number } | null = null;
  /** The caller has shown its token, or needs none. */
  isKnown = false;
  /** Requests whose answer has not left. */
  requests = 0;
  /** The newest of them, or the last one. */
  request: IncomingMessage | null = null;
  /** The answer to that. */
  response: ServerResponse | null = null;
  /** Whether what was written is taken; `null`: there was nothing. */
  uptake: Uptake | null = null;
  /** It is sent after the answers in progress, because what followed them cannot be understood. */
  lastWords: string | null = null;
  /** How much had come when a request was answered before its body was complete; `null`: no such request. */
  unwantedFrom: number | null = null;

  readonly #listeners = new Set<() => void>();

  constructor(socket: Socket) {
    this.socket = socket;
    socket.once('end', () => this.#ended());
  }

  /** As a status counts it. */
  describe(): ServerClient {
    const { server, taking, inProgress } = this;
    return { server, takesSends: taking !== null, inProgress, unacknowledged: taking?.unacknowledged ?? 0 };
  }

  /** The body of the newest request has not come to its end. */
  get isInside(): boolean {
    return this.request !== null && !this.request.complete;
  }

  /** Tells it at once, or when it happens, that the caller has closed his direction. He may have gone, or still read. */
  onEnd(told: () => void): void {
    if (this.socket.readableEnded) told();
    else this.#listeners.add(told);
  }

  offEnd(told: () => void): void {
    this.#listeners.delete(told);
  }

  /** A reader of a stream that closes his direction has gone: one that is killed does no more than that. */
  endIfGone(): void {
    if (this.taking !== null && this.socket.readableEnded) this.socket.destroy();
  }

  /** Says something and closes, when what is in progress is answered. */
  end(lastWords: string): void {
    this.lastWords ??= lastWords;
    this.#endIfDue();
  }

  begun(request: IncomingMessage, response: ServerResponse): void {
    this.requests += 1;
    this.request = request;
    this.response = response;
    this.unwantedFrom = null;
  }

  answered(request: IncomingMessage): void {
    this.requests -= 1;
    if (!request.complete) this.unwantedFrom = this.socket.bytesRead;
    this.#endIfDue();
  }

  #ended(): void {
    for (const told of this.#listeners) told();
    this.#listeners.clear();
    this.endIfGone();
  }

  #endIfDue(): void {
    const { socket, lastWords } = this;
    if (lastWords === null || socket.destroyed) return;
    // The request whose body cannot be read gets this answer, unless it has one.
    const isAnswer = this.isInside && this.unwantedFrom === null;
    if (this.requests > (isAnswer ? 1 : 0)) return;
    const hasAnswer = this.isInside && (!isAnswer || this.response?.headersSent);
    if (hasAnswer) socket.destroy();
    else {
      socket.end(lastWords);
      // A peer that is still writing reads no last words before its writing is done.
      socket.resume();
      const timer = setTimeout(() => socket.destroy(), LAST_WORDS_MS);
      socket.once('close', () => clearTimeout(timer));
    }
  }
}

/** What is done about connections. */
export interface ConnectionsOptions {
  limits: HttpLimits;
  /** The answer for a connection that must go although it asks for something. */
  tooMany(): string;
  warn(kind: string, text: string): void;
}

/** All of them, the longest idle ones first. */
export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #all = new Map<Socket, Connection>();
  #announceEmpty: () => void = () => undefined;

  constructor(server: Server, options: ConnectionsOptions) {
    this.#options = options;
    server.on('connection', (socket: Socket) => this.#add(socket));
  }

  /** Those that are there. */
  all(): Connection[] {
    return [...this.#all.values()];
  }

  of(socket: Socket): Connection | undefined {
    return this.#all.get(socket);
  }

  /** A request has come. */
  begun(request: IncomingMessage, response: ServerResponse): Connection {
    const { socket } = request;
    const connection = this.#all.get(socket) ?? new Connection(socket);
    connection.begun(request, response);
    if (Number(request.headers['content-length'] ?? LARGE_BYTES) >= LARGE_BYTES) this.#relieve();
    response.once('close', () => {
      connection.answered(request);
      // Now it is the one with the shortest idle time.
      if (this.#all.delete(socket)) this.#all.set(socket, connection);
    });
    return connection;
  }

  /** Cuts off callers that keep sending unwanted bodies, and those that do not read. */
  look(nowMs: number): void {
    const { unwantedBytes, stalledMs } = this.#options.limits;
    for (const connection of this.#all.values()) {
      const { socket, unwantedFrom } = connection;
      connection.endIfGone();
      if (unwantedFrom !== null && socket.bytesRead - unwantedFrom > unwantedBytes) socket.destroy();
      if (socket.writableLength > 0) connection.uptake ??= new Uptake(socket, nowMs);
      if ((connection.uptake?.stalledMs(nowMs) ?? 0) > stalledMs) {
        this.#cutOff(connection, `read nothing for ${stalledMs / 1000} seconds`);
      }
    }
    this.#relieve();
  }

  /** Ends all, when their answers have left, or could not within `limitMs`. */
  async close(limitMs: number): Promise<void> {
    const empty = new Promise<void>((resolve) => {
      this.#announceEmpty = resolve;
    });
    for (const { socket, requests } of this.#all.values()) if (requests === 0) socket.destroy();
    const timer = setTimeout(() => {
      for (const socket of this.#all.keys()) socket.destroy();
    }, limitMs);
    if (this.#all.size > 0) await empty;
    clearTimeout(timer);
  }

  #add(socket: Socket): void {
    const connection = new Connection(socket);
    this.#all.set(socket, connection);
    socket.once('close', () => {
      this.#all.delete(socket);
      if (this.#all.size === 0) this.#announceEmpty();
    });
    const { limits, tooMany, warn } = this.#options;
    if (this.#all.size <= limits.connections) return;
    warn(
      'connections',
      `more than ${limits.connections} connections came; the core closes those that were idle for longest`,
    );
    const idle = this.all().filter((other) => other !== connection && other.requests === 0);
    // A caller that has shown its token comes before unknown ones.
    const goes = idle.find(({ isKnown }) => !isKnown) ?? idle[0];
    if (goes) {
      this.#all.delete(goes.socket);
      goes.socket.destroy();
    } else if (this.#all.size > limits.connections + MAX_LEAVING) socket.destroy();
    else connection.end(tooMany());
  }

  /** Cuts off those that leave most unread, when all of them together leave too much. */
  #relieve(): void {
    let total = 0;
    for (const { socket } of this.#all.values()) total += socket.writableLength;
    if (total <= this.#options.limits.allUnreadBytes) return;
    const largest = this.all().reduce((a, b) => (b.socket.writableLength > a.socket.writableLength ? b : a));
    const { writableLength } = largest.socket;
    this.#cutOff(largest, `has left ${writableLength} bytes unread, and all callers together ${total}`);
    this.#relieve();
  }

  #cutOff({ server, socket }: Connection, why: string): void {
    this.#options.warn('cut off', `a caller${server === '' ? '' : ` for ${server}`} was cut off, because it ${why}`);
    this.#all.delete(socket);
    socket.destroy();
    if (this.#all.size === 0) this.#announceEmpty();
  }
}
