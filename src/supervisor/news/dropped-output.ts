/** Reports now and then how much output of a module was lost: one line, not one for each loss. */

import type { DroppedKind } from '../host/host-listener.js';

/** Why a message that the module sent could not be delivered. */
export type UndeliveredKind =
  /** Nobody listens for what modules send. */
  | 'unheard'
  /** A listener threw. */
  | 'failed';

type Kind = DroppedKind | UndeliveredKind;

const TELL_AFTER_MS = 1000;

/** Adds up what is lost, and tells it a second after the first. */
export class DroppedOutput {
  readonly #tell: (text: string) => void;
  #logRate: number | null;
  #counts = new Map<Kind, number>();
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param logRate lines a second; `null`: unlimited
   * @param tell takes what was dropped, in words
   */
  constructor(logRate: number | null, tell: (text: string) => void) {
    this.#logRate = logRate;
    this.#tell = tell;
  }

  /** Takes another rate; what was dropped until now is reported with the old one. */
  limitTo(logRate: number | null): void {
    if (logRate !== this.#logRate) this.flush();
    this.#logRate = logRate;
  }

  get #limit(): string {
    const rate = this.#logRate;
    return rate === null ? 'the core could not keep up' : `more than log_rate, ${rate} lines a second`;
  }

  /** Counts lines or bytes that were dropped, or messages. */
  add(kind: Kind, count: number): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + count);
    this.#timer ??= setTimeout(() => this.flush(), TELL_AFTER_MS);
  }

  /** Tells at once what was not told yet. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const counts = this.#counts;
    this.#counts = new Map();
    if (counts.size > 0) this.#tell([...counts].map(([kind, count]) => this.#describe(kind, count)).join('; '));
  }

  #describe(kind: Kind, count: number): string {
    switch (kind) {
      case 'limited':
        return `${lines(count)} dropped: ${this.#limit}`;
      case 'full':
        return `${lines(count)} dropped: the black box was full`;
      case 'unheard':
        return `nobody takes what it sends: ${messages(count)} not delivered`;
      case 'failed':
        return `${messages(count)} not delivered: the program that embeds the supervisor threw an error`;
      default:
        return `${count} bytes of ${kind} were dropped: ${this.#limit}`;
    }
  }
}

function messages(count: number): string {
  return count === 1 ? '1 message was' : `${count} messages were`;
}

function lines(count: number): string {
  return count === 1 ? '1 log line was' : `${count} log lines were`;
}
