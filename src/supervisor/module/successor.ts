/** The host that is to take over from the serving ones. It starts beside them and does nothing until it is adopted. */

import type { ModuleSpec } from '../../config/types.js';
import { IllegalStateError, type SupervisorError } from '../../errors.js';
import type { Host } from '../host/host.js';
import type { Found } from '../trials/abi-search.js';
import type { Launch } from './launch.js';

/** Who is told of a host that takes over as soon as it is ready. */
export interface Renewal {
  ready(): void;
  /** It does not take over. @param error `null`: because something else came first */
  failed(error: SupervisorError | null): void;
}

/** One attempt to replace hosts. */
export class Successor {
  readonly launch: Launch;
  /** The host that is starting, or is ready; `null` when there is none any more. */
  host: Host | null = null;
  /** What it said when it was ready; `null` before. */
  found: Found | null = null;
  readonly #waiting: (() => void)[] = [];
  readonly #gone: (() => void)[] = [];
  #failure: SupervisorError | null = null;

  /** `null`: it waits until it is adopted. */
  readonly #renewal: Renewal | null;

  constructor(launch: Launch, renewal: Renewal | null = null) {
    this.launch = launch;
    this.#renewal = renewal;
  }

  get spec(): ModuleSpec {
    return this.launch.spec;
  }

  /** Why it cannot take over; `null` while it may. */
  get failure(): SupervisorError | null {
    return this.#failure;
  }

  /** Whether it takes over as soon as it is ready. */
  get isRenewal(): boolean {
    return this.#renewal !== null;
  }

  /** Waits until it is ready, or has failed with {@link failure}. */
  async settled(): Promise<void> {
    if (this.found === null && this.#failure === null) await new Promise<void>((done) => this.#waiting.push(done));
  }

  /** Ends it, and waits until its process is gone. */
  async abandon(): Promise<void> {
    this.giveUp();
    if (this.host !== null) await new Promise<void>((done) => this.#gone.push(done));
  }

  /** Ends it. */
  giveUp(): void {
    const module = this.spec.name;
    const text = `module ${module}: the host that was to take over is no longer needed`;
    this.#fail(new IllegalStateError('ILLEGAL_STATE', text, { module }), true);
    this.host?.stop();
  }

  /** Notes why it cannot take over; the first reason holds. */
  fail(error: SupervisorError): void {
    this.#fail(error, false);
  }

  /** It serves in the place of a host that has died. */
  taken(): void {
    this.#renewal?.failed(null);
  }

  /** It can take over from now on. */
  ready(found: Found): void {
    this.found = found;
    this.#settle();
    this.#renewal?.ready();
  }

  /** Its last process is gone. */
  gone(): void {
    for (const done of this.#gone.splice(0)) done();
  }

  #fail(error: SupervisorError, isGivenUp: boolean): void {
    const isFirst = this.#failure === null;
    this.#failure ??= error;
    this.#settle();
    if (isFirst) this.#renewal?.failed(isGivenUp ? null : error);
  }

  #settle(): void {
    for (const done of this.#waiting.splice(0)) done();
  }
}
