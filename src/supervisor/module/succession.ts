/** How one host of a module takes over from others: the successor, and the hosts that it replaced. */

import type { AbiName, ModuleSpec } from '../../config/types.js';
import { SupervisorError } from '../../errors.js';
import type { Ready } from '../../wire/codec.js';
import type { ModuleBuilds } from '../builds/module-builds.js';
import type { Host } from '../host/host.js';
import type { HostEnd } from '../host/host-listener.js';
import { errorOfEnd } from '../news/host-error.js';
import type { ModuleNews } from '../news/module-news.js';
import type { Found } from '../trials/abi-search.js';
import type { Offer } from '../trials/trial.js';
import type { HostMaker } from './host-maker.js';
import type { HostSet } from './host-set.js';
import { type Renewal, Successor } from './successor.js';

/** What it works with. */
export interface SuccessionOptions {
  module: string;
  news: ModuleNews;
  hosts: HostSet;
  maker: HostMaker;
  builds: ModuleBuilds;
  /** A host is gone, or there is no successor any more. */
  changed: () => void;
}

/** A host that has taken over. */
export interface Adopted {
  host: Host;
  found: Found;
  spec: ModuleSpec;
  /** The hosts that it has replaced, to be stopped. */
  before: readonly Host[];
}

/** Sees to the hosts of a module that are `preparing` and `retiring`. */
export class Succession {
  readonly #options: SuccessionOptions;
  #successor: Successor | null = null;
  #failure: SupervisorError | null = null;
  #onHandedOver: (() => void)[] = [];

  constructor(options: SuccessionOptions) {
    this.#options = options;
  }

  /** Whether a host is being prepared. */
  get isPreparing(): boolean {
    return this.#successor !== null;
  }

  /** Whether nothing is in progress. */
  get isOver(): boolean {
    return this.#successor === null && this.#retiring.length === 0;
  }

  /** Why the prepared host cannot take over; `null`: it can take over now. */
  get failure(): SupervisorError | null {
    return this.#failure;
  }

  /** Starts a host, which waits to be taken. @returns why there is none, when it is ready or has failed */
  async prepare(spec: ModuleSpec): Promise<SupervisorError | null> {
    const { maker, builds } = this.#options;
    const launch = maker.launch(spec, (spec, repeats) => builds.chooseSuccessor(spec, repeats));
    const successor = new Successor(launch);
    this.#begin(successor);
    await successor.settled();
    return successor.failure;
  }

  /** Starts a host by the build that serves, to be taken as soon as it is ready. What is ordered comes first. */
  renew(spec: ModuleSpec, renewal: Renewal): void {
    const { maker, builds } = this.#options;
    const launch = maker.launch(spec, (spec, repeats) => builds.chooseSame(spec, repeats));
    this.#begin(new Successor(launch, renewal));
  }

  /** Ends what {@link renew} started. Nothing follows from its end. */
  giveUpRenewal(): void {
    const successor = this.#successor;
    if (!successor?.isRenewal) return;
    this.#successor = null;
    successor.giveUp();
  }

  /** Hands out what {@link renew} started, ready or not, for a host that has died meanwhile; `null`: there is nothing. */
  takeRenewal(): Successor | null {
    const successor = this.#successor;
    if (!successor?.isRenewal || successor.failure !== null) return null;
    this.#successor = null;
    successor.taken();
    return successor;
  }

  /** The prepared host serves from now on; the hosts that served before retire. */
  take(): Adopted {
    const { module, hosts } = this.#options;
    const { host = null, found = null, spec } = this.#successor ?? {};
    if (!host || !found || !spec) throw new Error(`module ${module}: no host is prepared`);
    this.#successor = null;
    const before = hosts.in('serving');
    for (const old of before) hosts.place(old, 'retiring');
    hosts.place(host, 'serving');
    return { host, found, spec, before };
  }

  /** Ends the prepared host and waits until it is gone. */
  async abandon(): Promise<void> {
    await this.#successor?.abandon();
  }

  /** Waits until all replaced hosts are gone. */
  async handedOver(): Promise<void> {
    if (this.#retiring.length > 0) await new Promise<void>((done) => this.#onHandedOver.push(done));
  }

  /** Chooses the ABI for a host; `null`: it is not the successor. */
  choose(host: Host, offer: Offer): AbiName | null {
    return host === this.#successor?.host ? this.#successor.launch.choose(offer) : null;
  }

  /** A host is ready; it counts if it is the successor. */
  ready(host: Host, said: Ready): void {
    const successor = this.#successor;
    if (successor !== null && host === successor.host) successor.ready(successor.launch.ready(host, said));
  }

  /** The successor, or a host that it has replaced, is gone. */
  died(host: Host, end: HostEnd): void {
    if (host === this.#successor?.host) this.#successorDied(this.#successor, host, end);
    else this.#retired(end);
  }

  #begin(successor: Successor): void {
    this.giveUpRenewal();
    this.#successor = successor;
    this.#failure = null;
    this.#start(successor);
  }

  get #retiring(): readonly Host[] {
    return this.#options.hosts.in('retiring');
  }

  #start(successor: Successor): void {
    const { module, hosts } = this.#options;
    try {
      successor.host = successor.launch.next();
      hosts.place(successor.host, 'preparing');
    } catch (error) {
      if (!(error instanceof SupervisorError)) throw error;
      this.#failed(successor, error.ofModule(module));
    }
  }

  #successorDied(successor: Successor, host: Host, end: HostEnd): void {
    successor.host = null;
    const step = successor.launch.died(host, end, successor.failure === null);
    if (step.kind === 'next-try') {
      this.#options.news.tried(end, step.reason);
      this.#start(successor);
      return;
    }
    successor.gone();
    const told = step.isAsTold ? { ...end, cardId: null } : end;
    this.#options.news.exited(told, end.cause, `${step.error.message}; it does not take over`);
    this.#failed(successor, step.error);
  }

  #failed(successor: Successor, error: SupervisorError): void {
    if (successor.failure === null) this.#options.news.stats.totals.failedStarts += 1;
    successor.fail(error);
    this.#failure = successor.failure;
    this.#successor = null;
    this.#options.changed();
  }

  /** Whatever its end, nothing follows from it. */
  #retired(end: HostEnd): void {
    const { news, changed } = this.#options;
    const { cause } = end;
    const { message } = errorOfEnd(end);
    const isFault = cause !== 'start' && cause !== 'stop';
    if (isFault) news.stats.countCrash(cause, end.facts.signal, new Date());
    news.exited(end, cause, isFault ? `${message}; another host has taken over already` : message);
    if (this.#retiring.length === 0) for (const done of this.#onHandedOver.splice(0)) done();
    changed();
  }
}
