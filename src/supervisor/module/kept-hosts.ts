/** The hosts of one replica that a reload has replaced, and that stay for its probation: they may have to take over again. */

import type { Host } from '../host/host.js';
import type { Found } from '../trials/abi-search.js';
import type { HostSet } from './host-set.js';

/** What they are kept in, and who is told. */
export interface KeptHostsOptions {
  hosts: HostSet;
  /** One still executes a call after so long. It ends now, and cannot take over again. */
  gaveUp: (host: Host, afterMs: number) => void;
}

/** Those with the role `kept`. */
export class KeptHosts {
  readonly #options: KeptHostsOptions;
  /** What they said when they were ready. */
  #found: Found | null = null;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: KeptHostsOptions) {
    this.#options = options;
  }

  /** Whether one is there that can take over again. */
  get areThere(): boolean {
    return this.#found !== null && this.#hosts.length > 0;
  }

  /**
   * Keeps those that are ready.
   *
   * @param found - what they said when they were ready
   * @param patienceMs - for how long the host that has taken over waits for the calls that they still hold
   * @returns the others, to be stopped
   */
  keep(before: readonly Host[], found: Found | null, patienceMs: number): readonly Host[] {
    const kept = before.filter(({ state }) => state === 'ready');
    for (const host of kept) this.#options.hosts.place(host, 'kept');
    this.#found = found;
    clearTimeout(this.#timer);
    if (kept.some(isBusy)) this.#timer = setTimeout(() => this.#giveUp(patienceMs), patienceMs).unref();
    return before.filter((host) => !kept.includes(host));
  }

  /** They serve again. @returns the first of them, and what it said when it was ready; `null`: there are none */
  takeBack(): { host: Host; found: Found } | null {
    const [host] = this.#hosts;
    if (host === undefined || this.#found === null) return null;
    clearTimeout(this.#timer);
    for (const kept of this.#hosts) this.#options.hosts.place(kept, 'serving');
    return { host, found: this.#found };
  }

  /** They are no longer needed. */
  dismiss(): void {
    clearTimeout(this.#timer);
    for (const host of this.#hosts) this.#retire(host);
  }

  get #hosts(): readonly Host[] {
    return this.#options.hosts.in('kept');
  }

  /** They get no calls, so those that they hold are the ones that they were given before. */
  #giveUp(afterMs: number): void {
    for (const host of this.#hosts.filter(isBusy)) {
      this.#retire(host);
      this.#options.gaveUp(host, afterMs);
    }
  }

  #retire(host: Host): void {
    this.#options.hosts.place(host, 'retiring');
    host.stop();
  }
}

function isBusy({ inFlight }: Host): boolean {
  return inFlight > 0;
}
