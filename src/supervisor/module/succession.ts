/** How one host of a module takes over from another: who shall, and who has been taken over from. */

import type { ModuleSpec } from '../../config/types.js';
import { ModuleLoadError, SupervisorError } from '../../errors.js';
import type { Ready } from '../../wire/codec.js';
import type { Repeats } from '../builds/repeats.js';
import type { Host } from '../host/host.js';
import type { HostEnd } from '../host/host-listener.js';
import { errorOfEnd } from '../news/host-error.js';
import type { ModuleNews } from '../news/module-news.js';
import type { AbiMemory } from '../trials/abi-memory.js';
import type { Offer } from '../trials/trial.js';
import { Successor } from './successor.js';

/** What it works with. */
export interface SuccessionOptions {
  module: string;
  news: ModuleNews;
  abis: AbiMemory;
  /** @throws SupervisorError when no host can be had */
  spawn: (spec: ModuleSpec, repeats: Repeats) => Host;
  /** A host is gone, or there is no successor any more. */
  changed: () => void;
}

/** The host that shall take over, if there is one, and those that finish what they hold since another took over. */
export class Succession {
  readonly #options: SuccessionOptions;
  readonly #retiring = new Set<Host>();
  #successor: Successor | null = null;
  #failure: SupervisorError | null = null;
  #onHandedOver: (() => void)[] = [];

  constructor(options: SuccessionOptions) {
    this.#options = options;
  }

  /** Every host that is not the one that serves. */
  get hosts(): Host[] {
    const next = this.#successor?.host;
    return next ? [...this.#retiring, next] : [...this.#retiring];
  }

  /** Whether a host is being prepared. */
  get isPreparing(): boolean {
    return this.#successor !== null;
  }

  /** Whether nothing is under way. */
  get isOver(): boolean {
    return this.#successor === null && this.#retiring.size === 0;
  }

  /** Whether calls are still with a host that was taken over from. */
  get isFinishing(): boolean {
    for (const host of this.#retiring) if (host.inFlight > 0) return true;
    return false;
  }

  /** Why the host that was prepared cannot take over; `null`: it can, now. */
  get failure(): SupervisorError | null {
    return this.#failure;
  }

  /** Starts a host, which waits to be taken. @returns why there is none, when it is ready or has failed */
  async prepare(spec: ModuleSpec): Promise<SupervisorError | null> {
    const successor = new Successor(spec, this.#options.abis, this.#options.spawn);
    this.#successor = successor;
    this.#failure = null;
    this.#start(successor);
    await successor.settled();
    return successor.failure;
  }

  /** Hands out the host that was prepared; the one before it retires, and is to be stopped. */
  take(before: Host | null): Successor {
    const successor = this.#successor;
    if (!successor?.host || !successor.found) throw new Error(`module ${this.#options.module}: no host is prepared`);
    this.#successor = null;
    if (before) this.#retiring.add(before);
    return successor;
  }

  /** Ends the host that was prepared, and waits until it is gone. */
  async abandon(): Promise<void> {
    await this.#successor?.abandon();
  }

  /** Waits until the hosts are gone that were taken over from. */
  async handedOver(): Promise<void> {
    if (this.#retiring.size > 0) await new Promise<void>((done) => this.#onHandedOver.push(done));
  }

  /** Chooses the ABI for a host; `null`: it is not the successor. */
  choose(host: Host, offer: Offer) {
    return host === this.#successor?.host ? this.#successor.choose(offer) : null;
  }

  /** A host is ready; it counts if it is the successor. */
  ready(host: Host, said: Ready): void {
    if (host === this.#successor?.host) this.#successor.ready(host, said);
  }

  /** @returns whether it was one of these */
  died(host: Host, end: HostEnd): boolean {
    if (host === this.#successor?.host) this.#successorDied(this.#successor, host, end);
    else if (this.#retiring.delete(host)) this.#retired(host, end);
    else return false;
    return true;
  }

  #start(successor: Successor): void {
    try {
      successor.start();
    } catch (error) {
      if (!(error instanceof SupervisorError)) throw error;
      const { module } = this.#options;
      this.#failed(successor, new ModuleLoadError(error.code, `module ${module}: ${error.message}`, { module }));
    }
  }

  #successorDied(successor: Successor, host: Host, end: HostEnd): void {
    const step = successor.died(host, end);
    if (step.kind === 'next-try') {
      this.#options.news.tried(host, end, step.reason);
      this.#start(successor);
      return;
    }
    const error = errorOfEnd({ ...this.#who(host) }, end, step.noAbi);
    this.#options.news.exited(host, end, end.cause, `${error.message}; it does not take over`);
    this.#failed(successor, error);
  }

  #failed(successor: Successor, error: SupervisorError): void {
    if (successor.failure === null) this.#options.news.stats.failedStarts += 1;
    successor.fail(error);
    this.#failure = successor.failure;
    this.#successor = null;
    this.#options.changed();
  }

  /** Whatever its end, nothing follows from it. */
  #retired(host: Host, end: HostEnd): void {
    const { news, changed } = this.#options;
    const { cause } = end;
    const { message } = errorOfEnd(this.#who(host), end);
    const isFault = cause !== 'start' && cause !== 'stop';
    if (isFault) news.stats.countCrash(cause, end.signal, new Date());
    news.exited(host, end, cause, isFault ? `${message}; another host has taken over already` : message);
    if (this.#retiring.size === 0) for (const done of this.#onHandedOver.splice(0)) done();
    changed();
  }

  #who({ generation, path }: Host) {
    return { module: this.#options.module, generation, path };
  }
}
