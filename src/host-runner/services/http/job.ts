/** One request of a module, from its turn to its end. Each redirect and each further attempt is an exchange of its own. */

import { routeOf } from './connection.js';
import { Exchange } from './exchange.js';
import { HttpFailure } from './failure.js';
import type { Lease, Pool } from './pool.js';
import { redirect } from './redirect.js';
import { type HttpAsk, type HttpRequest, type Limits, limitsOf, prepare, retryDelayMs, toTimerMs } from './request.js';

/** What to do after handing something on: 1 go on, 0 wait until there is room, -1 stop, because nobody wants the rest. */
export type Flow = 1 | 0 | -1;

/** Gets the events of one request. */
export interface JobListener {
  status(status: number, type: string): Flow;
  data(percent: number, bytes: Buffer): Flow;
  /** The end, told once. @param failure `null`: it succeeded */
  ended(failure: HttpFailure | null): void;
  /** The end too: nobody wanted more. */
  dropped(): void;
}

/** One request of a module. */
export class Job {
  readonly #ask: HttpAsk;
  readonly #pool: Pool;
  readonly #listener: JobListener;
  readonly #limits: Limits;
  #exchange: Exchange | null = null;
  /** Ends the waiting for a turn or for the next attempt. */
  #stopWaiting: () => void = () => {};
  #total: NodeJS.Timeout | undefined;
  #redirects = 0;
  #failures = 0;
  #handedOn = false;
  #over = false;

  constructor(ask: HttpAsk, pool: Pool, listener: JobListener) {
    this.#ask = ask;
    this.#pool = pool;
    this.#listener = listener;
    this.#limits = limitsOf(ask);
  }

  /** Begins. Mistakes in the request itself are reported before this returns. */
  start(): void {
    const { totalSeconds } = this.#limits;
    const late = new HttpFailure(`not finished within ${totalSeconds} s (total_timeout)`);
    this.#total = setTimeout(() => this.#end(late), toTimerMs(totalSeconds));
    this.#try(() => this.#attempt(prepare(this.#ask)));
  }

  /** There is room again for what it brings. */
  resume(): void {
    this.#exchange?.resume();
  }

  /** Nothing more is wanted of it. */
  cancel(): void {
    if (this.#conclude()) this.#listener.dropped();
  }

  /** Ends it with a failure, unless it has ended. */
  fail(failure: HttpFailure): void {
    this.#end(failure);
  }

  #attempt(request: HttpRequest): void {
    this.#stopWaiting = this.#pool.take(routeOf(request), (lease) => this.#send(request, lease));
  }

  #send(request: HttpRequest, lease: Lease): void {
    const exchange = new Exchange(request, lease.connection, this.#limits, {
      status: (status, type) => {
        this.#handedOn = true;
        return this.#obey(this.#listener.status(status, type));
      },
      data: (percent, bytes) => this.#obey(this.#listener.data(percent, bytes)),
      redirected: (status, location) => this.#try(() => this.#follow(request, status, location)),
      ended: () => this.#end(null),
      failed: (failure) => this.#retry(request, failure),
      released: (reusable) => lease.giveBack(reusable),
    });
    this.#exchange = exchange;
    exchange.start();
  }

  #obey(flow: Flow): boolean {
    if (flow === -1) this.cancel();
    return flow === 1;
  }

  #follow(request: HttpRequest, status: number, location: string): void {
    this.#exchange = null;
    this.#redirects += 1;
    if (this.#redirects > this.#limits.redirects) {
      throw new HttpFailure(`redirected more than ${this.#limits.redirects} times (maxredirects)`);
    }
    this.#attempt(redirect(request, status, location));
  }

  #retry(request: HttpRequest, failure: HttpFailure): void {
    this.#exchange = null;
    this.#failures += 1;
    if (!failure.transient || this.#handedOn || this.#failures > this.#limits.retries) {
      this.#end(failure);
      return;
    }
    const wait = setTimeout(() => this.#try(() => this.#attempt(request)), retryDelayMs(this.#failures));
    this.#stopWaiting = () => clearTimeout(wait);
  }

  #try(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#end(error instanceof HttpFailure ? error : new HttpFailure(`internal error: ${error}`));
    }
  }

  #end(failure: HttpFailure | null): void {
    if (this.#conclude()) this.#listener.ended(failure);
  }

  #conclude(): boolean {
    if (this.#over) return false;
    this.#over = true;
    clearTimeout(this.#total);
    this.#stopWaiting();
    this.#exchange?.abort();
    this.#exchange = null;
    return true;
  }
}
