/** One request on one connection, and its response. */

import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { codingsOf } from './body-decoder.js';
import { BodyFlow } from './body-flow.js';
import type { Connection } from './connection.js';
import { toDispatch } from './dispatch.js';
import { explain, HttpFailure } from './failure.js';
import { Patience } from './patience.js';
import { Progress } from './progress.js';
import { isRedirect } from './redirect.js';
import type { HttpRequest, Limits } from './request.js';

/** A body that nobody wants is read up to this size, so that its connection can be used again. */
const MOST_DISCARDED_BYTES = 64 * 1024;
const MOST_DISCARDING_MS = 1000;

/** The events of an exchange. After `redirected`, `ended` or `failed` only `released` follows. */
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
  readonly #patience = new Patience((failure) => this.#fail(failure));
  readonly #progress = new Progress();
  readonly #body: BodyFlow;
  /** Ends what nobody wants and is still read. */
  #discarding: NodeJS.Timeout | undefined;
  /** Only the event `released` may still follow. */
  #over = false;
  #released = false;
  /** The status says that there is no body, whatever the header announces. */
  #isBodyless = false;

  constructor(request: HttpRequest, connection: Connection, limits: Limits, listener: ExchangeListener) {
    this.#request = request;
    this.#connection = connection;
    this.#limits = limits;
    this.#listener = listener;
    this.#body = new BodyFlow(this.#progress, {
      data: (percent, bytes) => listener.data(percent, bytes),
      ended: () => this.#end(),
      failed: (failure) => this.#fail(failure),
      paced: (isWanted) => (isWanted ? connection.release() : connection.hold()),
      moved: () => this.#watchBody(),
      guard: (step) => this.#guard(step),
    });
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
    this.#body.resume();
  }

  /** Ends it at once. Only `released` follows. */
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
    // A response before the real one, such as 103.
    if (status < 200 || this.#over) return;
    const location = firstOf(headers.location);
    if (isRedirect(status) && location !== null) {
      this.#discard();
      this.#listener.redirected(status, location);
      return;
    }
    this.#progress.begin(firstOf(headers['content-length']));
    this.#isBodyless = status === 204 || status === 304;
    const encoding = this.#request.decode ? [headers['content-encoding'] ?? []].flat().join(',') : '';
    const codings = codingsOf(encoding);
    const isWanted = this.#listener.status(status, firstOf(headers['content-type']) ?? '');
    this.#patience.stop();
    this.#body.begin(codings, isWanted);
  }

  #received(chunk: Buffer): void {
    if (this.#over) {
      if (this.#progress.add(chunk.length) > MOST_DISCARDED_BYTES) this.#release(false);
      return;
    }
    this.#body.push(chunk);
  }

  #finished(): void {
    this.#release(true);
    this.#body.finish();
  }

  #broke(error: Error): void {
    // undici waits for the body that a 304 would have had.
    if (this.#isBodyless && this.#progress.receivedBytes === 0) {
      this.#release(false);
      this.#body.finish();
      return;
    }
    const { receivedBytes, announcedBytes } = this.#progress;
    this.#fail(explain(error, { peer: this.#connection.peer, receivedBytes, announcedBytes }));
    this.#release(false);
  }

  /** The time for the next chunk runs only while we read. */
  #watchBody(): void {
    if (this.#over || this.#released) return;
    if (this.#body.isHeld) {
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
    if (this.#body.isWhole) this.#conclude();
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
    this.#body.stop();
  }

  #release(reusable: boolean): void {
    if (this.#released) return;
    this.#released = true;
    this.#patience.stop();
    clearTimeout(this.#discarding);
    this.#connection.release();
    if (!reusable) this.#controller?.abort(new Error('nobody wants it any more'));
    // Not now: the client may still work on this response.
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
