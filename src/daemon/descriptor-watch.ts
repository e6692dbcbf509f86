/** Notices that the core has no descriptors left, and keeps some back for whoever wants to ask what is wrong. */

import { closeSync, openSync } from 'node:fs';
import { readDescriptorLimit } from '../proc.js';

/** How a watch looks and tells. */
export interface DescriptorWatchOptions {
  say: (level: 'info' | 'error', text: string) => void;
  everyMs?: number;
}

const EVERY_MS = 1_000;
/** Clients of the control socket that can be let in when everything else is used up. */
const RESERVE = 4;

/** Looks every second whether a descriptor can be had. */
export class DescriptorWatch {
  readonly #say: DescriptorWatchOptions['say'];
  readonly #timer: NodeJS.Timeout;
  /** Known before, for it cannot be read without one. */
  readonly #limit = readDescriptorLimit();
  #reserve: number[] = [];
  #isShort = false;

  constructor({ say, everyMs = EVERY_MS }: DescriptorWatchOptions) {
    this.#say = say;
    this.#timer = setInterval(() => this.#look(), everyMs).unref();
    this.#look();
  }

  /** That there are none, and what to do. */
  problems(): string[] {
    this.#look();
    return this.#isShort ? [this.#describe()] : [];
  }

  close(): void {
    clearInterval(this.#timer);
    this.#giveBack();
  }

  #look(): void {
    // One more than is kept back; and twice that after a shortage, lest it come and go with each client.
    const wanted = (RESERVE + 1) * (this.#isShort ? 2 : 1) - this.#reserve.length;
    const opened = openMany(wanted);
    const isShort = opened.length < wanted;
    if (!isShort) this.#reserve.push(...opened.splice(0, RESERVE - this.#reserve.length));
    for (const fd of opened) closeSync(fd);
    if (isShort) this.#giveBack();
    if (isShort === this.#isShort) return;
    this.#isShort = isShort;
    if (isShort) this.#say('error', this.#describe());
    else this.#say('info', 'the core has file descriptors again');
  }

  #describe(): string {
    const remedy = `raise its limit of ${this.#limit} (LimitNOFILE= of systemd, ulimit -n)`;
    return `the core has no file descriptors left, and what needs one fails until some are free; ${remedy}`;
  }

  #giveBack(): void {
    for (const fd of this.#reserve.splice(0)) closeSync(fd);
  }
}

function openMany(count: number): number[] {
  const fds: number[] = [];
  try {
    while (fds.length < count) fds.push(openSync('/dev/null', 'r'));
  } catch {
    // As many as there are.
  }
  return fds;
}
