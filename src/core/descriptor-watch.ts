/** Notices that the core has few descriptors left, and keeps some back so that commands can still ask what is wrong. */

import { closeSync, openSync } from 'node:fs';
import { findDescriptorProblem, readDescriptorUse } from '../descriptors.js';

/** How a watch looks and tells. */
export interface DescriptorWatchOptions {
  say: (level: 'info' | 'error', text: string) => void;
  everyMs?: number;
}

const EVERY_MS = 1_000;
/** Clients of the control socket that can be let in when everything else is used up. */
const RESERVE = 4;

/** Looks every second how many descriptors there are. */
export class DescriptorWatch {
  readonly #say: DescriptorWatchOptions['say'];
  readonly #timer: NodeJS.Timeout;
  #reserve: number[] = [];
  #isUsedUp = false;
  #isShort = false;

  constructor({ say, everyMs = EVERY_MS }: DescriptorWatchOptions) {
    this.#say = say;
    this.#timer = setInterval(() => this.#look(), everyMs).unref();
    this.#look();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#giveBack();
  }

  #look(): void {
    this.#keepBack();
    const problem = findDescriptorProblem(readDescriptorUse());
    if ((problem !== null) === this.#isShort) return;
    this.#isShort = problem !== null;
    if (problem !== null) this.#say('error', problem);
    else this.#say('info', 'this process has enough file descriptors again');
  }

  #keepBack(): void {
    // One more than is kept back. After a shortage twice as many, so that the warning does not come and go with each client.
    const wanted = (RESERVE + 1) * (this.#isUsedUp ? 2 : 1) - this.#reserve.length;
    const opened = openMany(wanted);
    this.#isUsedUp = opened.length < wanted;
    if (!this.#isUsedUp) this.#reserve.push(...opened.splice(0, RESERVE - this.#reserve.length));
    for (const fd of opened) closeSync(fd);
    if (this.#isUsedUp) this.#giveBack();
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
