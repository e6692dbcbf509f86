/** One request on one connection, and its response. */

import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { BodyDecoder, codingsOf } from './body-decoder.js';
import type { Connection } from './connection.js';
import { toDispatch } from './dispatch.js';
import { explain, HttpFailure } from './failure.js';
import { Patience } from './patience.js';
import { Progress } from './progress.js';
import { isRedirect } from './redirect.js';
import type { HttpRequest, Limits } from './request.js';

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
  readonly #patience = new Patience((failure) => this.#fail(failure));
  readonly #progress = new Progress();
  /** Ends what nobody wants and is still read. */
  #discarding: NodeJS.Timeout | undefined;
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
    this.#patience.start(seconds, words);
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
    this.#patience.start(seconds, () => `no answer from ${this.#connection.peer} within ${seconds} s (header_timeout)`);
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
    this.#progress.begin(firstOf(headers['content-length']));
    this.#isBodyless = status === 204 || status === 304;
    if (this.#request.decode) this.#codings = codingsOf([headers['content-encoding'] ?? []].flat().join(','));
    this.#held = !this.#listener.status(status, firstOf(headers['content-type']) ?? '');
    this.#patience.stop();
    this.#goOn();
  }

  #received(chunk: Buffer): void {
    if (this.#over) {
      if (this.#progress.add(chunk.length) > MOST_DISCARDED_BYTES) this.#release(false);
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
    this.#progress.add(chunk.length);
    if (this.#codings.length === 0) {
      this.#hand(this.#progress.percent, chunk);
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
    if (this.#isBodyless && this.#progress.receivedBytes === 0) {
      this.#complete = true;
      this.#release(false);
      this.#goOn();
      return;
    }
    const { receivedBytes, announcedBytes } = this.#progress;
    this.#fail(explain(error, { peer: this.#connection.peer, receivedBytes, announcedBytes }));
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

  /** The time for the next chunk runs only while we read. */
  #watchBody(): void {
    if (this.#over || this.#released) return;
    if (this.#held || this.#full) {
      this.#patience.stop();
      return;
    }
    const seconds = this.#limits.bodySeconds;
    this.#patience.refresh(seconds, () => `nothing more from ${this.#connection.peer} for ${seconds} s (body_timeout)`);
  }

  #discard(): void {
    this.#conclude();
    this.#discarding = setTimeout(() => this.#release(false), MOST_DISCARDING_MS);
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
    this.#patience.stop();
    this.#decoder?.destroy();
    this.#waiting = [];
  }

  #release(reusable: boolean): void {
    if (this.#released) return;
    this.#released = true;
    this.#patience.stop();
    clearTimeout(this.#discarding);
    this.#connection.release();
    if (!reusable) this.#controller?.abort(new Error('nobody wants it any more'));
    // Not while the client is still at work on this response.
    queueMicrotask(() => this.#listener.released(reusable));
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

function firstOf(value: string | string[] | undefined): string | null {
  return [value].flat()[0] ?? null;
}
