/**
 * Signals that hosts get from others than their core. Whoever ends a whole service, as systemd does by default, signals
 * hosts and core one after the other; an operator may mean a single host. A while tells the two apart.
 */

import { constants } from 'node:os';
import { coreCommand, sentence } from '../sentence.js';

/** If the core is meant as well, it has its signal by then. */
export const PATIENCE_MS = 5_000;

/** Signals that hosts pass on to the core; the shim takes the same ones. */
export const OUTSIDE_SIGNALS: ReadonlySet<string> = new Set(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2']);

/** Those that ask a process to end. */
const ENDING: ReadonlySet<string> = new Set(['SIGTERM', 'SIGINT']);

/** What is done about them. */
export interface OutsideSignalsOptions<H> {
  /** Called for the first signal of a kind that a host gets, and for each that has it replaced. */
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
    if (ENDING.has(signal) ? !this.#waiting.has(host) : !told.has(signal)) this.#options.told(host, signal, from);
    told.add(signal);
    if (ENDING.has(signal) && !this.#waiting.has(host)) this.#wait(host);
  }

  #wait(host: H): void {
    this.#waiting.add(host);
    const timer = setTimeout(() => {
      this.#waiting.delete(host);
      if (!this.#options.replace(host)) this.#wait(host);
    }, PATIENCE_MS);
    // What it is about is gone with the core.
    timer.unref();
  }
}

/** What a host got, and what follows. @param from the process that sent it; `null`: nobody knows */
export function describeSignal(signal: NodeJS.Signals, from: string | null, module: string): string {
  const got = `got ${signal} from ${from ?? 'outside'}`;
  if (ENDING.has(signal)) {
    return `${got}: unless the core is stopped too, another host takes its place in ${PATIENCE_MS / 1000} s`;
  }
  return `${sentence`${got}, which means nothing to a host; to replace it: ${coreCommand('reload', module)}`}`;
}

/** The name of one that hosts pass on; `null` for any other number. */
export function nameSignal(number: number): NodeJS.Signals | null {
  const found = Object.entries(constants.signals).find(([, value]) => value === number)?.[0];
  return found !== undefined && OUTSIDE_SIGNALS.has(found) ? (found as NodeJS.Signals) : null;
}
