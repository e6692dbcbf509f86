/** Where servers read what modules send, and say what became of it. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import type { SendSource } from '../../sends/types.js';
import { NameClaim } from '../../servers/name-claim.js';
import type { Names } from '../../servers/names.js';
import type { Connection } from '../connections.js';
import { failureDocument, HttpError, stopping, unknownSend } from '../failure.js';
import type { HttpLimits } from '../limits.js';
import { SendEnds } from './ends.js';
import { ServerSends } from './server-sends.js';
import { SendStream } from './stream.js';

/** What it needs. */
export interface SendDeskOptions {
  sends: SendSource;
  names: Names;
  limits: HttpLimits;
  /** Whether a request carries the token that holds now. */
  isLet(request: IncomingMessage): boolean;
  warn(text: string): void;
}

/** A reader that comes. */
export interface Reader {
  server: string;
  /** Which one it is of those that may read for the server; empty: it does not say. */
  instance: string;
  /** The last send that it has read; empty: it says nothing of that. */
  lastId: string;
  connection: Connection | undefined;
  request: IncomingMessage;
  response: ServerResponse;
}

/** Those of one core. */
export class SendDesk {
  readonly #options: SendDeskOptions;
  readonly #servers = new Map<string, ServerSends>();
  readonly #ends: SendEnds;
  #isRetired = false;

  constructor(options: SendDeskOptions) {
    this.#options = options;
    this.#ends = new SendEnds(options.limits.streams, options.limits.rememberedSends);
  }

  /**
   * Opens a stream once the reader may have it. Nothing is answered before that.
   *
   * @param takeOver - called before something is written to the response
   * @throws SupervisorError
   */
  async open(reader: Reader, takeOver: () => void): Promise<void> {
    const { server } = reader;
    this.#requireRoom();
    await turnOf(reader);
    await this.#makeWay(reader);
    this.#makeRoom(server);
    const known = this.#servers.get(server);
    if (known) {
      if (this.#streamOf(known) !== null) throw taken(server);
      this.#begin(known, reader, takeOver);
      return;
    }
    const taking = await this.#claim(server);
    try {
      this.#begin(taking, reader, takeOver);
    } catch (error) {
      taking.close();
      throw error;
    }
  }

  /** A server has finished a send. @throws HttpError 404 when no such send waits for that or has ended like this */
  end(server: string, sentId: string, how: 'acknowledged' | 'refused'): void {
    if (!this.#hasEnded(server, sentId, how)) throw unknownSend();
  }

  /**
   * A server cannot deliver a send. A waiting send is refused by this. If the server had acknowledged it before, its module is
   * told, but only once.
   *
   * @throws HttpError 404 when it is none of the server's
   */
  async fail(server: string, sentId: string, tell: () => Promise<void>): Promise<void> {
    const end = this.#ends.of(server, sentId);
    if (end === 'failed' || this.#hasEnded(server, sentId, 'refused')) return;
    if (end !== 'acknowledged') throw unknownSend();
    this.#ends.put(server, sentId, 'failed');
    try {
      await tell();
    } catch (error) {
      // So it may be said again.
      this.#ends.put(server, sentId, 'acknowledged');
      throw error;
    }
  }

  /** The token may have changed: streams that were opened with the old one must be opened again. */
  tokenChanged(): void {
    for (const { stream } of this.#streams())
      if (!this.#options.isLet(stream.request)) stream.end(failureDocument(letNoMore()));
  }

  /** Opens no more streams; those that are open go on. */
  retire(): void {
    this.#isRetired = true;
  }

  /** Looks after what waits, and after the streams, from time to time. */
  look(nowMs: number): void {
    const { limits, warn } = this.#options;
    for (const taking of [...this.#servers.values()]) taking.look(nowMs);
    for (const { server, stream } of this.#streams()) {
      if (stream.look(nowMs) <= limits.stalledMs) continue;
      warn(`the reader of ${server} was cut off, because it read nothing for ${limits.stalledMs / 1000} seconds`);
      stream.destroy();
    }
  }

  /** Ends all; what was not acknowledged comes again. */
  close(): void {
    this.#isRetired = true;
    for (const { stream } of this.#streams()) stream.end(failureDocument(stopping()));
    for (const taking of [...this.#servers.values()]) taking.close();
  }

  /** Ends a send, unless the server has ended it like this. @returns `false`: it is none of those */
  #hasEnded(server: string, sentId: string, how: 'acknowledged' | 'refused'): boolean {
    const end = this.#ends.of(server, sentId);
    // A server that did not get the answer may say it again.
    if (end === how || (end === 'failed' && how === 'acknowledged')) return true;
    if (this.#servers.get(server)?.end(sentId, how) !== true) return false;
    this.#ends.put(server, sentId, how);
    return true;
  }

  /** Meanwhile the core may have begun to stop, the reader may have gone, and the token may be another. @throws HttpError */
  #begin(taking: ServerSends, reader: Reader, takeOver: () => void): void {
    const { limits } = this.#options;
    const { instance, lastId, connection, request, response } = reader;
    this.#requireRoom();
    if (isGone(reader)) throw stopping();
    if (!this.#options.isLet(request)) throw letNoMore();
    const nowMs = performance.now();
    const stream = new SendStream(response, instance, limits, nowMs, {
      shown: (send) => taking.shown(send),
      closed: () => {
        if (connection) connection.taking = null;
        taking.ended(stream);
      },
    });
    takeOver();
    try {
      if (connection) connection.taking = taking;
      stream.begin();
      taking.begin(stream, lastId, nowMs);
    } catch (error) {
      // Nobody else ends an answer that was taken over.
      stream.destroy();
      stream.close();
      throw error;
    }
  }

  /** @throws HttpError when there can be no stream more */
  #requireRoom(): void {
    const { limits } = this.#options;
    if (this.#isRetired) throw stopping();
    if (this.#streams().length >= limits.streams) throw tooManyStreams(limits);
  }

  /** The reader before this one may have gone without a word, or be the same one. */
  async #makeWay({ server, instance }: Reader): Promise<void> {
    const taking = this.#servers.get(server);
    const stream = taking ? this.#streamOf(taking) : null;
    if (stream === null) return;
    if (instance !== '' && stream.instance === instance) {
      const what = 'another stream of the same instance was opened';
      stream.end(failureDocument(new HttpError(409, 'SERVER_NAME_TAKEN', what)));
      return;
    }
    stream.say('somebody else asks for this name');
    await new Promise((done) => setTimeout(done, this.#options.limits.probeMs));
  }

  /** The stream of a server; `null`: none, or one that is over, which ends with this. */
  #streamOf({ stream }: ServerSends): SendStream | null {
    if (stream?.isOver !== true) return stream;
    stream.close();
    return null;
  }

  /** At most as many as streams are kept for readers that may come again. */
  #makeRoom(server: string): void {
    if (this.#servers.has(server) || this.#servers.size < this.#options.limits.streams) return;
    const orphaned = [...this.#servers.values()].find(({ isOrphaned }) => isOrphaned);
    orphaned?.close();
  }

  /** @throws SupervisorError when somebody else takes the sends for it */
  async #claim(server: string): Promise<ServerSends> {
    const { names, sends, limits } = this.#options;
    const taking: ServerSends = new ServerSends(server, limits, () => {
      if (this.#servers.get(server) === taking) this.#servers.delete(server);
      claim.release(server);
    });
    const claim = new NameClaim(names, taking, (name) => sends.remember(name));
    const isWon = await new Promise<boolean>((resolve) => {
      if (claim.make(server, resolve)) resolve(true);
    });
    if (!isWon) throw taken(server);
    try {
      taking.attachTo(sends);
    } catch (error) {
      taking.close();
      throw error;
    }
    this.#servers.set(server, taking);
    return taking;
  }

  #streams(): { server: string; stream: SendStream }[] {
    return [...this.#servers.values()].flatMap((taking) => {
      const stream = this.#streamOf(taking);
      return stream === null ? [] : [{ server: taking.server, stream }];
    });
  }
}

/**
 * Requests of one connection are answered one after the other. Before its turn a stream has nothing to write to.
 *
 * @throws HttpError when the reader has gone meanwhile
 */
async function turnOf({ request, response }: Reader): Promise<void> {
  if (response.socket !== null || response.destroyed) return;
  const isThere = await new Promise<boolean>((resolve) => {
    response.once('socket', () => resolve(true));
    request.once('close', () => resolve(false));
  });
  if (!isThere) throw stopping();
}

function isGone({ request, response }: Reader): boolean {
  return response.socket === null || response.destroyed || request.socket.destroyed;
}

function taken(server: string): HttpError {
  const remedy = `end that one, give this one another name with ?server=, or the same ?instance= as that one`;
  return new HttpError(409, 'SERVER_NAME_TAKEN', `somebody else takes the sends for the server ${server}`, remedy);
}

function letNoMore(): HttpError {
  const what = 'the token of HTTP has changed';
  return new HttpError(401, 'TOKEN_WRONG', what, 'open the stream again with the first line of the file of http_token');
}

function tooManyStreams({ streams }: HttpLimits): HttpError {
  const what = `${streams} streams of sends are served at a time`;
  return new HttpError(503, 'TOO_MANY_SERVERS', what, 'close some, and try again');
}
