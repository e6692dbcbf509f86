/**
 * Signals that hosts get from others than their core. A service manager that ends the whole service, as systemd does by
 * default, signals hosts and core one after the other. An operator may mean a single host. Waiting a while tells the two apart.
 */

import { ENDING_SIGNALS, PATIENCE_MS } from '../runner/outside-signals.js';

/** What is done about them. */
export interface OutsideSignalsOptions<H> {
  /** Called for the first signal of a kind that a host gets, and for each signal that gets the host replaced. */
  told(host: H, signal: NodeJS.Signals, from: number | null): void;
  /** Lets a host finish and starts another one in its place. @returns `false` when that must wait */
  replace(host: H): boolean;
}

/** Replaces a host that was asked to end, after a while. */
export class OutsideSignals<H extends object> {
  readonly #options: OutsideSignalsOptions<H>;
  readonly #told = new WeakMap<H, Set<string>>();
  readonly #waiting = new WeakSet<H>();

  constructor(options: OutsideSignalsOptions<H>) {
    this.#options = options;
  }

  /** A host got a signal, and went on. */
  signalled(host: H, signal: NodeJS.Signals, from: number | null): void {
    const told = this.#told.get(host) ?? new Set();
    this.#told.set(host, told);
    if (ENDING_SIGNALS.has(signal) ? !this.#waiting.has(host) : !told.has(signal))
      this.#options.told(host, signal, from);
    told.add(signal);
    if (ENDING_SIGNALS.has(signal) && !this.#waiting.has(host)) this.#wait(host);
  }

  #wait(host: H): void {
    this.#waiting.add(host);
    const timer = setTimeout(() => {
      this.#waiting.delete(host);
      if (!this.#options.replace(host)) this.#wait(host);
    }, PATIENCE_MS);
    // The core is stopping, so this no longer matters.
    timer.unref();
  }
}
