/** One request on one connection, and its response. */

import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { BodyDecoder, codingsOf } from './body-decoder.js';
import type { Connection } from './connection.js';
import { explain, HttpFailure } from './failure.js';
import { type Header, hasHeader } from './headers.js';
import { isRedirect } from './redirect.js';
import { type HttpRequest, type Limits, toTimerMs } from './request.js';

/** The most that is read of a body that nobody wants, so that its connection can be used again. */
const MOST_DISCARDED_BYTES = 64 * 1024;
const MOST_DISCARDING_MS = 1000;

/** What an exchange tells. After `redirected`, `ended` and `failed` it tells nothing but `released`. */
export interface ExchangeListener {
  /** @returns whether the body may follow now; else after `resume` */
  status(status: number, type: string): boolean;
  /**
   * @param percent 1 to 99
   * @returns whether more may follow now; else after `resume`
   */
  data(percent: number, bytes: Buffer): boolean;
  redirected(status: number, location: string): void;
  ended(): void;
  failed(failure: HttpFailure): void;
  /** The connection is not used any more. */
  released(reusable: boolean): void;
}

/** Runs from `start` on, until it has ended or is aborted. */
export class Exchange {
  readonly #request: HttpRequest;
  readonly #connection: Connection;
  readonly #limits: Limits;
  readonly #listener: ExchangeListener;
  #controller: Dispatcher.DispatchController | null = null;
  #decoder: BodyDecoder | null = null;
  #codings: string[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** The listener takes no data for now. */
  #held = false;
  /** The decoder takes no data for now. */
  #full = false;
  /** What came with the chunk after which nothing more was taken. */
  #waiting: Buffer[] = [];
  /** The whole response has come. */
  #complete = false;
  /** Nothing more is told but `released`. */
  #over = false;
  #released = false;
  #receivedBytes: number | null = null;
  #announcedBytes: number | null = null;
  /** The status says that there is no body, whatever the header announces. */
  #isBodyless = false;

  constructor(request: HttpRequest, connection: Connection, limits: Limits, listener: ExchangeListener) {
    this.#request = request;
    this.#connection = connection;
    this.#limits = limits;
    this.#listener = listener;
  }

  /** Sends the request as soon as the connection is open. */
  start(): void {
    const seconds = this.#limits.connectSeconds;
    const words = () => `no connection to ${this.#connection.peer} within ${seconds} s (conn_timeout)`;
    this.#startTimer(seconds, words);
    this.#connection.dispatch(toDispatch(this.#request), {
      onRequestStart: (controller) => this.#started(controller),
      onResponseStart: (_, status, headers) => this.#guard(() => this.#answered(status, headers)),
      onResponseData: (_, chunk) => this.#guard(() => this.#received(chunk)),
      onResponseEnd: () => this.#guard(() => this.#finished()),
      onResponseError: (_, error) => this.#guard(() => this.#broke(error)),
    });
  }

  /** The listener takes data again. */
  resume(): void {
    if (!this.#held || this.#over) return;
    this.#held = false;
    this.#guard(() => {
      this.#decoder?.resume();
      this.#goOn();
    });
  }

  /** Ends it at once; nothing more is told but `released`. */
  abort(): void {
    if (this.#over) return;
    this.#conclude();
    this.#release(false);
  }

  #started(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#over) {
      controller.abort(new Error('nobody wants it any more'));
      return;
    }
    const seconds = this.#limits.headerSeconds;
    this.#startTimer(seconds, () => `no answer from ${this.#connection.peer} within ${seconds} s (header_timeout)`);
  }

  #answered(status: number, headers: IncomingHttpHeaders): void {
    // What comes before the answer itself, as 103 does.
    if (status < 200 || this.#over) return;
    const location = firstOf(headers.location);
    if (isRedirect(status) && location !== null) {
      this.#discard();
      this.#listener.redirected(status, location);
      return;
    }
    this.#receivedBytes = 0;
    this.#isBodyless = status === 204 || status === 304;
    const length = firstOf(headers['content-length']);
    this.#announcedBytes = length === null ? null : Number(length);
    if (this.#request.decode) this.#codings = codingsOf([headers['content-encoding'] ?? []].flat().join(','));
    this.#held = !this.#listener.status(status, firstOf(headers['content-type']) ?? '');
    this.#stopTimer();
    this.#goOn();
  }

  #received(chunk: Buffer): void {
    if (this.#over) {
      this.#receivedBytes = (this.#receivedBytes ?? 0) + chunk.length;
      if (this.#receivedBytes > MOST_DISCARDED_BYTES) this.#release(false);
      return;
    }
    this.#waiting.push(chunk);
    this.#goOn();
  }

  #finished(): void {
    this.#complete = true;
    this.#release(true);
    this.#goOn();
  }

  /** Hands on what has come, as far as there is room for it. */
  #goOn(): void {
    while (!this.#over && !this.#isStopped()) {
      const chunk = this.#waiting.shift();
      if (chunk === undefined) break;
      this.#take(chunk);
    }
    if (this.#over) return;
    if (this.#complete) this.#close();
    else if (this.#isStopped()) this.#connection.hold();
    else this.#connection.release();
    this.#watchBody();
  }

  #isStopped(): boolean {
    return this.#full || (this.#held && this.#decoder === null);
  }

  #take(chunk: Buffer): void {
    this.#receivedBytes = (this.#receivedBytes ?? 0) + chunk.length;
    if (this.#codings.length === 0) {
      this.#hand(this.#percent(), chunk);
      return;
    }
    this.#decoder ??= this.#decode();
    this.#full = !this.#decoder.write(chunk);
  }

  #close(): void {
    if (this.#waiting.length > 0 || this.#isStopped()) return;
    if (this.#decoder) this.#decoder.end();
    else this.#end();
  }

  #broke(error: Error): void {
    // undici waits for the body that a 304 would have had.
    if (this.#isBodyless && this.#receivedBytes === 0) {
      this.#complete = true;
      this.#release(false);
      this.#goOn();
      return;
    }
    const progress = {
      peer: this.#connection.peer,
      receivedBytes: this.#receivedBytes,
      announcedBytes: this.#announcedBytes,
    };
    this.#fail(explain(error, progress));
    this.#release(false);
  }

  #decode(): BodyDecoder {
    const decoder = new BodyDecoder(this.#codings, {
      data: (bytes) => this.#guard(() => this.#hand(1, bytes)),
      drained: () =>
        this.#guard(() => {
          this.#full = false;
          this.#goOn();
        }),
      end: () => this.#guard(() => this.#end()),
      failed: (failure) => this.#fail(failure),
    });
    return decoder;
  }

  #hand(percent: number, bytes: Buffer): void {
    if (this.#over) return;
    this.#held = !this.#listener.data(percent, bytes);
    if (this.#held) this.#decoder?.pause();
    this.#watchBody();
  }

  #percent(): number {
    if (!this.#announcedBytes) return 1;
    return Math.min(Math.max(Math.floor(((this.#receivedBytes ?? 0) * 100) / this.#announcedBytes), 1), 99);
  }

  /** The time for the next chunk runs only while we read. */
  #watchBody(): void {
    if (this.#over || this.#released) return;
    if (this.#held || this.#full) {
      this.#stopTimer();
    } else if (this.#timer) {
      this.#timer.refresh();
    } else {
      const seconds = this.#limits.bodySeconds;
      this.#startTimer(seconds, () => `nothing more from ${this.#connection.peer} for ${seconds} s (body_timeout)`);
    }
  }

  #discard(): void {
    this.#conclude();
    this.#timer = setTimeout(() => this.#release(false), MOST_DISCARDING_MS);
  }

  #end(): void {
    if (this.#over) return;
    // A decoder may come to its end before the body does.
    if (this.#complete) this.#conclude();
    else this.#discard();
    this.#listener.ended();
  }

  #fail(failure: HttpFailure): void {
    if (this.#over) return;
    this.#conclude();
    this.#release(false);
    this.#listener.failed(failure);
  }

  #conclude(): void {
    this.#over = true;
    this.#stopTimer();
    this.#decoder?.destroy();
    this.#waiting = [];
  }

  #release(reusable: boolean): void {
    if (this.#released) return;
    this.#released = true;
    this.#stopTimer();
    this.#connection.release();
    if (!reusable) this.#controller?.abort(new Error('nobody wants it any more'));
    // Not while the client is still at work on this response.
    queueMicrotask(() => this.#listener.released(reusable));
  }

  #startTimer(seconds: number, words: () => string): void {
    clearTimeout(this.#timer);
    const fire = () => this.#fail(new HttpFailure(words(), { transient: true }));
    this.#timer = setTimeout(fire, toTimerMs(seconds));
  }

  #stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** A mistake of ours ends this exchange, and no other. */
  #guard(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#fail(error instanceof HttpFailure ? error : new HttpFailure(`internal error: ${error}`));
    }
  }
}

function toDispatch({ method, url, headers, body, proxy }: HttpRequest): Dispatcher.DispatchOptions {
  const path = `${url.pathname}${url.search}`;
  const all: Header[] = hasHeader(headers, 'host') ? headers : [['Host', url.host], ...headers];
  if (proxy === null || url.protocol === 'https:') return { method, path, body, headers: all.flat() };
  const { credentials } = proxy;
  const authorization: Header[] = credentials === null ? [] : [['Proxy-Authorization', `Basic ${credentials}`]];
  return { method, path: `${url.origin}${path}`, body, headers: [...all, ...authorization].flat() };
}

function firstOf(value: string | string[] | undefined): string | null {
  return [value].flat()[0] ?? null;
}
