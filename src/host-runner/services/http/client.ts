/** The HTTP client of a host: performs the requests of modules, and hands on the answers as they arrive. */

import { HttpFailure, oneLine } from './failure.js';
import { type Flow, Job } from './job.js';
import { Pool } from './pool.js';
import type { HttpAsk } from './request.js';

export type { Flow } from './job.js';

/** Takes what requests bring. The bytes are valid during the call only. */
export interface HttpSink {
  /** The header of the response. @param type its content type, a character for each byte; or "" */
  status(id: number, status: number, type: string): Flow;
  /** A part of the body. @param progress 1 to 99, percent of Content-Length; 1 where that is unknown */
  data(id: number, progress: number, bytes: Buffer): Flow;
  /** The end of a request, once, and nothing after it. @param why one line; "" for none */
  end(id: number, result: 0 | -1, why: string): void;
}

/** Performs requests, many at once. Nothing that a request or a server does makes it throw. */
export class HttpClient {
  readonly #sink: HttpSink;
  readonly #pool = new Pool();
  readonly #jobs = new Map<number, Job>();

  constructor(sink: HttpSink) {
    this.#sink = sink;
  }

  /** Begins a request. @param id new, by which everything about it is told */
  request(id: number, ask: HttpAsk): void {
    const job = new Job(ask, this.#pool, {
      status: (status, type) => this.#sink.status(id, status, type),
      data: (percent, bytes) => this.#sink.data(id, percent, bytes),
      ended: (failure) => {
        this.#jobs.delete(id);
        this.#sink.end(id, failure ? -1 : 0, failure ? oneLine(failure.message) : '');
      },
      dropped: () => this.#jobs.delete(id),
    });
    this.#jobs.set(id, job);
    job.start();
  }

  /** Drops a request; nothing more is told of it. */
  cancel(id: number): void {
    this.#jobs.get(id)?.cancel();
  }

  /** Goes on with a request whose sink had no room. */
  resume(id: number): void {
    this.#jobs.get(id)?.resume();
  }

  /** Ends every request with a failure. */
  close(): void {
    for (const job of [...this.#jobs.values()]) job.fail(new HttpFailure('the host stops'));
  }
}
