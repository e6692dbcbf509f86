/** Posts one body at a time, and reads how it is answered. */

import type { Pool } from 'undici';
import { VERSION } from '../paths.js';
import type { Answer } from './answer.js';
import { explain } from './failure.js';
import { sharedLookup } from './shared-lookup.js';
import { loadUndici } from './undici.js';

/** Where it posts. */
export interface PosterOptions {
  url: URL;
  /** From the first byte to the head of the answer, the connection included. */
  timeoutMs: number;
}

/** What came of a request: an answer, or why there is none. */
export type Posted = { kind: 'answered'; answer: Answer } | { kind: 'failed'; why: string };

/** The body of an answer is of no interest. What is short is read, so that the connection can be used again. */
const BODY = { limitBytes: 16 * 1024, timeoutMs: 1000 };
const HEADERS = { 'content-type': 'application/json', 'user-agent': `mesibo-modules/${VERSION}` };

/** Connections to one server, as many as there are requests at a time. */
export class Poster {
  readonly #pool: Pool;
  readonly #path: string;
  readonly #timeoutMs: number;

  private constructor(pool: Pool, { url, timeoutMs }: PosterOptions) {
    this.#pool = pool;
    this.#path = url.pathname + url.search;
    this.#timeoutMs = timeoutMs;
  }

  /** What makes requests is loaded here: a core without a webhook does not need it. */
  static async open(options: PosterOptions): Promise<Poster> {
    const { Pool } = await loadUndici();
    const pool = new Pool(options.url.origin, {
      connect: { lookup: sharedLookup(), timeout: options.timeoutMs },
      // The whole request is timed.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    return new Poster(pool, options);
  }

  /**
   * Posts, and never rejects. A redirect is an answer like any other.
   *
   * @param ended - aborted when nobody wants the answer any more
   */
  async post(body: string, headers: Record<string, string>, ended: AbortSignal): Promise<Posted> {
    const abort = new AbortController();
    const { signal } = abort;
    const stop = () => abort.abort();
    ended.addEventListener('abort', stop, { once: true });
    let timer = setTimeout(stop, this.#timeoutMs);
    try {
      const request = { method: 'POST', path: this.#path, headers: { ...HEADERS, ...headers }, body, signal } as const;
      const { statusCode: status, headers: given, body: rest } = await this.#pool.request(request);
      clearTimeout(timer);
      timer = setTimeout(stop, BODY.timeoutMs);
      await rest.dump({ limit: BODY.limitBytes }).catch(() => undefined);
      const retryAfter = given['retry-after'];
      return { kind: 'answered', answer: { status, retryAfter: typeof retryAfter === 'string' ? retryAfter : null } };
    } catch (error) {
      const why = signal.aborted ? `it did not answer within ${this.#timeoutMs / 1000} s` : explain(error);
      return { kind: 'failed', why };
    } finally {
      clearTimeout(timer);
      ended.removeEventListener('abort', stop);
    }
  }

  /** Ends all connections. Never rejects. */
  close(): void {
    this.#pool.destroy().catch(() => undefined);
  }
}
