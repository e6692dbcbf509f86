/**
 * The host that shall take over from the one that serves: it is started beside it, by another spec, and does nothing
 * until it is adopted. Where the ABI of its file is found by trials it takes several processes, one after the other.
 */

import type { ModuleSpec } from '../../config/types.js';
import { IllegalStateError, type SupervisorError } from '../../errors.js';
import type { Ready } from '../../wire/codec.js';
import { Repeats } from '../builds/repeats.js';
import type { Host } from '../host/host.js';
import type { HostEnd } from '../host/host-listener.js';
import type { AbiMemory } from '../trials/abi-memory.js';
import { AbiSearch, type Found } from '../trials/abi-search.js';
import type { Offer } from '../trials/trial.js';

/** What a death of a successor's host means. */
export type SuccessorStep =
  /** It tried an ABI that the file was not built for, or its file changed: another host is started, for `reason`. */
  | { kind: 'next-try'; reason: string }
  /** There will be none; `noAbi`: why, when it was the last ABI to be tried. */
  | { kind: 'over'; noAbi: string | null };

/** One attempt to replace a host. */
export class Successor {
  readonly spec: ModuleSpec;
  /** The host that is starting, or is ready; `null` when there is none any more. */
  host: Host | null = null;
  /** What it said when it was ready; `null` before. */
  found: Found | null = null;
  /** Why it cannot take over; `null` while it may. */
  failure: SupervisorError | null = null;
  readonly #spawn: (spec: ModuleSpec, repeats: Repeats) => Host;
  readonly #repeats = new Repeats();
  readonly #search: AbiSearch;
  readonly #waiting: (() => void)[] = [];
  readonly #gone: (() => void)[] = [];

  /** @param spawn starts one host. @throws SupervisorError when that cannot be */
  constructor(spec: ModuleSpec, abis: AbiMemory, spawn: (spec: ModuleSpec, repeats: Repeats) => Host) {
    this.spec = spec;
    this.#search = new AbiSearch(abis);
    this.#spawn = spawn;
  }

  /** Starts a host. @throws SupervisorError when that cannot be */
  start(): void {
    this.host = this.#spawn(this.spec, this.#repeats);
  }

  /** Waits until it is ready, or has failed with {@link failure}. */
  async settled(): Promise<void> {
    if (this.found === null && this.failure === null) await new Promise<void>((done) => this.#waiting.push(done));
  }

  /** Ends it, and waits until its process is gone. */
  async abandon(): Promise<void> {
    const module = this.spec.name;
    const text = `module ${module}: the host that was to take over is not wanted any more`;
    this.fail(new IllegalStateError('ILLEGAL_STATE', text, { module }));
    if (this.host === null) return;
    this.host.stop();
    await new Promise<void>((done) => this.#gone.push(done));
  }

  /** Notes why it cannot take over; the first reason holds. */
  fail(error: SupervisorError): void {
    this.failure ??= error;
    this.#settle();
  }

  choose(offer: Offer) {
    return this.#search.choose(offer);
  }

  ready(host: Host, said: Ready): void {
    this.found = this.#search.find(said, host.tries, this.spec.abi);
    this.#settle();
  }

  /** Its host has died. */
  died(host: Host, end: HostEnd): SuccessorStep {
    this.host = null;
    const repeat = this.failure === null ? this.#repeats.after(host.file, end) : null;
    if (repeat !== null) return { kind: 'next-try', reason: repeat };
    const tried = end.tried === null ? null : this.#search.fail(end.tried, end.code === 'MODULE_START_TIMEOUT');
    if (tried?.next && this.failure === null) {
      return { kind: 'next-try', reason: `${end.tried}; ${tried.next} is tried now` };
    }
    for (const done of this.#gone.splice(0)) done();
    return { kind: 'over', noAbi: tried?.none ?? null };
  }

  #settle(): void {
    for (const done of this.#waiting.splice(0)) done();
  }
}
