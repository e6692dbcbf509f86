/** The host that is to take over from the serving ones. It starts beside them and does nothing until it is adopted. */

import type { ModuleSpec } from '../../config/types.js';
import { IllegalStateError, type SupervisorError } from '../../errors.js';
import type { Host } from '../host/host.js';
import type { Found } from '../trials/abi-search.js';
import type { Launch } from './launch.js';

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

  constructor(launch: Launch) {
    this.launch = launch;
  }

  get spec(): ModuleSpec {
    return this.launch.spec;
  }

  /** Why it cannot take over; `null` while it may. */
  get failure(): SupervisorError | null {
    return this.#failure;
  }

  /** Waits until it is ready, or has failed with {@link failure}. */
  async settled(): Promise<void> {
    if (this.found === null && this.#failure === null) await new Promise<void>((done) => this.#waiting.push(done));
  }

  /** Ends it, and waits until its process is gone. */
  async abandon(): Promise<void> {
    const module = this.spec.name;
    const text = `module ${module}: the host that was to take over is no longer needed`;
    this.fail(new IllegalStateError('ILLEGAL_STATE', text, { module }));
    if (this.host === null) return;
    this.host.stop();
    await new Promise<void>((done) => this.#gone.push(done));
  }

  /** Notes why it cannot take over; the first reason holds. */
  fail(error: SupervisorError): void {
    this.#failure ??= error;
    this.#settle();
  }

  /** It can take over from now on. */
  ready(found: Found): void {
    this.found = found;
    this.#settle();
  }

  /** Its last process is gone. */
  gone(): void {
    for (const done of this.#gone.splice(0)) done();
  }

  #settle(): void {
    for (const done of this.#waiting.splice(0)) done();
  }
}
