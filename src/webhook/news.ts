/** News of a webhook: that it fails, why, and that it works again. */

import { counted } from '../counted.js';
import { LimitedNews } from '../sends/limited-news.js';

/** How often a failure is reported, even for another reason or after a recovery. */
const FAILURE_EVERY_MS = 60_000;
/** A problem names so many modules. */
const SHOWN = 5;

/** Watches how messages of modules are answered. */
export class WebhookNews {
  readonly #what: string;
  readonly #say: (level: 'info' | 'warn', text: string) => void;
  readonly #now: () => number;
  readonly #refusals: LimitedNews;
  /** Modules whose message was not taken when it was posted last. */
  readonly #failing = new Set<string>();
  /** When the first of them failed. */
  #since = '';
  /** The reason that was reported last; `null`: a recovery was reported since, or nothing. */
  #told: string | null = null;
  #toldMs = Number.NEGATIVE_INFINITY;
  /** It fails, and this is only counted. */
  #isHeld = false;
  /** How often it began to fail since {@link WebhookNews.#toldMs} without being told. */
  #held = 0;
  #why = '';

  /** @param origin - of its URL; the path may be secret */
  constructor(origin: string, say: (level: 'info' | 'warn', text: string) => void, now = () => Date.now()) {
    this.#what = `the webhook at ${origin}`;
    this.#say = say;
    this.#now = now;
    const describe = (module: string, count: number) =>
      `module ${module}: ${this.#what} refused ${counted(count, 'message')} that it sent; the module gets the status 0x80`;
    this.#refusals = new LimitedNews((text) => say('warn', text), describe);
  }

  /** A message was not taken, and is posted again. */
  failed(module: string, why: string): void {
    const atMs = this.#now();
    if (this.#failing.size === 0) this.#since = new Date(atMs).toISOString();
    this.#failing.add(module);
    this.#why = why;
    if (this.#told === why) return;
    if (atMs - this.#toldMs < FAILURE_EVERY_MS) {
      if (this.#told === null && !this.#isHeld) this.#held += 1;
      this.#isHeld = true;
      return;
    }
    // The failure that lasts is reported here and not counted among the others.
    const others = this.#held - (this.#isHeld ? 1 : 0);
    const more = others > 0 ? `; ${this.#describeHeld(others)}` : '';
    this.#told = why;
    this.#toldMs = atMs;
    this.#isHeld = false;
    this.#held = 0;
    const what = `${this.#what} did not take a message of module ${module}: ${why}`;
    this.#say('warn', `${what}; it is posted again until it is taken, or has waited for send_ttl${more}`);
  }

  #describeHeld(count: number): string {
    return `it failed ${counted(count, 'more time')} since ${new Date(this.#toldMs).toISOString()}, and took messages again`;
  }

  /** A message was taken or refused. */
  answered(module: string): void {
    this.#failing.delete(module);
    if (this.#failing.size > 0) return;
    this.#isHeld = false;
    if (this.#told === null) return;
    this.#told = null;
    this.#say('info', `${this.#what} takes messages again`);
  }

  /** A message that failed is not posted any more. */
  gaveUp(module: string): void {
    this.#failing.delete(module);
  }

  /** A message was refused for good. */
  refused(module: string): void {
    this.#refusals.add(module);
  }

  /** What is wrong now, in sentences. */
  problems(): string[] {
    const { size } = this.#failing;
    if (size === 0) return [];
    const of = [...this.#failing].slice(0, SHOWN).join(', ') + (size > SHOWN ? ' and others' : '');
    const what = `${this.#what} takes no messages of ${of} since ${this.#since}: ${this.#why}`;
    return [`${what}; correct that there; until then they wait, and are posted again, for send_ttl at most`];
  }

  /** Tells what is not told yet. */
  close(): void {
    if (this.#held > 0 && !this.#isHeld) this.#say('info', `${this.#what}: ${this.#describeHeld(this.#held)}`);
    this.#held = 0;
    this.#refusals.close();
  }
}
