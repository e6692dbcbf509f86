/** Reports when too much of a module waits, and when this is over: to the code that stops it, and to the log. */

import { counted } from '../counted.js';
import type { Fullness } from './queue/fullness.js';

/** How often it is logged of one module. */
const EVERY_MS = 60_000;

/** What it needs. */
export interface FullNewsOptions {
  fullness: Fullness;
  /** The clock of `performance.now()`. */
  now(): number;
  say(level: 'warn', text: string): void;
}

/** Tells how a module is now. */
export class FullNews {
  readonly #options: FullNewsOptions;
  readonly #told: ((module: string, isFull: boolean) => void)[] = [];
  readonly #loggedMs = new Map<string, number>();

  constructor(options: FullNewsOptions) {
    this.#options = options;
  }

  /** Takes one more who is told. */
  onFull(told: (module: string, isFull: boolean) => void): void {
    this.#told.push(told);
  }

  /** It is not what it was. */
  changed(module: string): void {
    const isFull = this.#options.fullness.isFull(module);
    for (const tell of this.#told) tell(module, isFull);
    if (isFull) this.#log(module);
  }

  /** A module that sends faster than servers take becomes full again and again. */
  #log(module: string): void {
    const { fullness, now, say } = this.#options;
    const loggedMs = this.#loggedMs.get(module);
    if (loggedMs !== undefined && now() - loggedMs < EVERY_MS) return;
    this.#loggedMs.set(module, now());
    const why = `${counted(fullness.messagesOf(module), 'message')} that it sent wait for a server`;
    const remedy = 'see whether a server takes them, or raise send_queue and send_memory';
    say('warn', `module ${module}: ${why}, so send_message returns -1 until there are fewer; ${remedy}`);
  }
}
