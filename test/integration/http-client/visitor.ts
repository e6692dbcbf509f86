/** Makes requests with an `HttpClient`, and records every event. */

import { type Flow, HttpClient } from '../../../src/host-runner/services/http/client.js';
import type { HttpAsk } from '../../../src/host-runner/services/http/request.js';

/** What became of one request. */
export interface Outcome {
  status: number | null;
  type: string | null;
  chunks: Buffer[];
  /** The length of all chunks. */
  bytes: number;
  progress: number[];
  result: 0 | -1 | null;
  why: string | null;
}

/** A request under way. */
export interface Visit {
  id: number;
  outcome: Outcome;
  /** When it has ended. */
  ended: Promise<Outcome>;
  /** Called for every header and chunk, after that was recorded; the client must obey the result. */
  onEvent: () => Flow;
}

/** Everything NULL and 0. */
export const NOTHING: HttpAsk = {
  url: null,
  post: null,
  proxy: null,
  content_type: null,
  extra_header: null,
  user_agent: null,
  referrer: null,
  origin: null,
  cookie: null,
  encoding: null,
  cache_control: null,
  accept: null,
  etag: null,
  ims: 0,
  maxredirects: 0,
  conn_timeout: 0,
  header_timeout: 0,
  body_timeout: 0,
  total_timeout: 0,
  retries: 0,
};

/** Makes requests with one client. Throws when an event of a request comes after its end. */
export class Visitor {
  readonly client: HttpClient;
  readonly #visits = new Map<number, Visit & { finish: () => void }>();
  #nextId = 1;

  constructor() {
    const note = (id: number, change: (outcome: Outcome) => void): Flow => {
      const visit = this.#visits.get(id);
      if (!visit || visit.outcome.result !== null) throw new Error(`request ${id} was told of something after its end`);
      change(visit.outcome);
      return visit.onEvent();
    };
    this.client = new HttpClient({
      status: (id, status, type) => note(id, (outcome) => Object.assign(outcome, { status, type })),
      data: (id, progress, bytes) =>
        note(id, (outcome) => {
          outcome.progress.push(progress);
          outcome.chunks.push(Buffer.from(bytes));
          outcome.bytes += bytes.length;
        }),
      end: (id, result, why) => {
        note(id, (outcome) => Object.assign(outcome, { result, why }));
        this.#visits.get(id)?.finish();
      },
    });
  }

  /** Begins a request. */
  begin(ask: Partial<HttpAsk>, onEvent: () => Flow = () => 1): Visit {
    const id = this.#nextId++;
    const outcome: Outcome = { status: null, type: null, chunks: [], bytes: 0, progress: [], result: null, why: null };
    let finish = () => {};
    const ended = new Promise<Outcome>((resolve) => {
      finish = () => resolve(outcome);
    });
    const visit = { id, outcome, ended, onEvent, finish };
    this.#visits.set(id, visit);
    this.client.request(id, { ...NOTHING, ...ask });
    return visit;
  }

  /** Makes a request, to its end. */
  async get(ask: Partial<HttpAsk>): Promise<Outcome> {
    return await this.begin(ask).ended;
  }
}

/** The whole body. */
export function bodyOf({ chunks }: Outcome): string {
  return Buffer.concat(chunks).toString();
}
