/** The body of a request, as it comes. */

import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { shown } from '../../wire/gateway/json/reading.js';
import { requireSimple } from '../../wire/gateway/json/structure.js';
import { busy, HttpError, invalidRequest } from '../failure.js';
import type { HttpLimits } from '../limits.js';

const SHOWN_BYTES = 100;

/** Reads bodies, with a bound on what all together hold. */
export class Bodies {
  readonly #limits: HttpLimits;
  #bytes = 0;

  constructor(limits: HttpLimits) {
    this.#limits = limits;
  }

  /**
   * Reads one to its end.
   *
   * @param go - sends 100 Continue, if the sender waits for it
   * @throws HttpError when it is too long, or too much is being read
   */
  read(request: IncomingMessage, go: () => void): Promise<Buffer> {
    const { bodyBytes, allBodyBytes } = this.#limits;
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let length = 0;
      const done = (error: Error | null) => {
        request.off('data', take).off('end', end).off('close', cut).off('error', cut);
        this.#bytes -= length;
        length = 0;
        if (error === null) resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks));
        else reject(error);
      };
      const take = (chunk: Buffer) => {
        const isFirst = this.#bytes === length;
        length += chunk.length;
        this.#bytes += chunk.length;
        if (length > bodyBytes) done(this.#tooLong());
        else if (this.#bytes > allBodyBytes && !isFirst) done(busy('too many bodies of requests are being read'));
        else chunks.push(chunk);
      };
      const end = () => done(null);
      const cut = () => done(invalidRequest('the connection ended inside the body'));
      if (Number(request.headers['content-length'] ?? 0) > bodyBytes) {
        reject(this.#tooLong());
        return;
      }
      request.on('data', take).on('end', end).on('close', cut).on('error', cut);
      go();
    });
  }

  #tooLong(): HttpError {
    const what = `the body has more than ${this.#limits.bodyBytes} bytes`;
    return new HttpError(413, 'MESSAGE_TOO_LARGE', what, 'shorten the message, or raise max_message');
  }
}

/** @throws HttpError for a body that is compressed */
export function requirePlain({ headers }: IncomingMessage): void {
  const encoding = headers['content-encoding'];
  if (encoding === undefined || encoding.toLowerCase() === 'identity') return;
  throw new HttpError(415, 'MEDIA_TYPE_UNKNOWN', 'the body is compressed', 'send it without Content-Encoding');
}

/** @throws SupervisorError */
export function parseBody(body: Buffer): unknown {
  if (!isUtf8(body)) throw invalidRequest('the body is not UTF-8');
  requireSimple(body, 'the body');
  const text = body.toString('utf8');
  try {
    return JSON.parse(text);
  } catch (error) {
    const beginning = shown(text.slice(0, SHOWN_BYTES));
    throw invalidRequest(`the body ${beginning} is not JSON: ${(error as Error).message}`);
  }
}

const RESPONSES = new WeakMap<IncomingMessage, ServerResponse>();
/** Requests whose senders wait for 100 Continue. */
const WAITING = new WeakSet<IncomingMessage>();

/** Remembers which response belongs to a request. */
export function noteRequest(request: IncomingMessage, response: ServerResponse): void {
  RESPONSES.set(request, response);
}

/** A request whose sender waits for 100 Continue. */
export function noteWaiting(request: IncomingMessage): void {
  WAITING.add(request);
}

/** Whether its sender still waits. */
export function isWaiting(request: IncomingMessage): boolean {
  return WAITING.has(request);
}

/** Sends 100 Continue, if the sender of a body waits for it. */
export function letGo(request: IncomingMessage): void {
  if (WAITING.delete(request)) RESPONSES.get(request)?.writeContinue();
}
