/** Posts what modules send to a URL: a server that is reached by requests of the core. */

import { setMaxListeners } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import type { Attachment, Send, SendSource, SendTaker } from '../sends/types.js';
import { judge } from './answer.js';
import { waitAfter } from './backoff.js';
import { bodyOf } from './body.js';
import { WebhookNews } from './news.js';
import { Poster } from './poster.js';
import { signatureHeaders } from './signature.js';

/** Where it posts, and how. */
export interface WebhookSettings {
  url: URL;
  /** It signs what is posted. */
  key: Buffer;
  timeoutMs: number;
}

/** What it needs beside them. */
export interface WebhookOptions extends WebhookSettings {
  say(level: 'info' | 'warn', text: string): void;
}

/** Its name among servers. */
export const WEBHOOK = 'webhook';
/** So many modules may have a message on its way at a time; each has one. */
const MOST_MODULES = 1024;
/** What is being posted when the core stops has so long to be answered. */
const LAST_WAIT_MS = 2000;

/** Takes what modules send. Messages of one module are posted one after the other; modules do not wait for each other. */
export class Webhook implements SendTaker {
  readonly server = WEBHOOK;
  readonly window = MOST_MODULES;
  readonly perModule = 1;
  readonly #options: WebhookOptions;
  readonly #poster: Poster;
  readonly #news: WebhookNews;
  /** Aborted when nothing is posted any more. */
  readonly #ended = new AbortController();
  readonly #inHand = new Set<Promise<void>>();
  /** Aborted when nothing is posted again. */
  readonly #closing = new AbortController();
  #attachment: Attachment | null = null;

  private constructor(options: WebhookOptions, poster: Poster) {
    this.#options = options;
    this.#poster = poster;
    // Each module that waits listens.
    setMaxListeners(0, this.#ended.signal, this.#closing.signal);
    this.#news = new WebhookNews(options.url.origin, (level, text) => options.say(level, text));
  }

  /** Makes one that takes nothing yet. */
  static async open(options: WebhookOptions): Promise<Webhook> {
    return new Webhook(options, await Poster.open(options));
  }

  /** Takes from now on. @throws {IllegalStateError} `SERVER_NAME_TAKEN` */
  attach(source: SendSource): void {
    this.#attachment = source.attach(this);
  }

  get isTaking(): boolean {
    return this.#attachment !== null;
  }

  /** Messages that it has and that are not taken yet. */
  get inHand(): number {
    return this.#inHand.size;
  }

  /** What is wrong, in sentences. */
  problems(): string[] {
    return this.#news.problems();
  }

  deliver(send: Send): void {
    const attachment = this.#attachment;
    // It comes again, to the next taker.
    if (attachment === null || this.#closing.signal.aborted) return;
    const inHand = this.#deliver(send, attachment);
    this.#inHand.add(inHand);
    void inHand.then(() => this.#inHand.delete(inHand));
  }

  /** Posts nothing more. A post in progress may still be answered; the rest waits for the next taker. Never rejects. */
  async close(): Promise<void> {
    this.#closing.abort();
    const { signal } = this.#ended;
    const late = setTimeout(LAST_WAIT_MS, null, { signal, ref: false }).catch(() => null);
    await Promise.race([Promise.all(this.#inHand), late]);
    this.end();
  }

  /** The same, and waits for no answer. */
  end(): void {
    this.#closing.abort();
    this.#ended.abort();
    this.#attachment?.detach();
    this.#attachment = null;
    this.#poster.close();
    this.#news.close();
  }

  /** Posts one until it has come to its end. Never rejects. */
  async #deliver(send: Send, attachment: Attachment): Promise<void> {
    const { sentId, module } = send;
    for (let failures = 1; !this.#closing.signal.aborted; failures += 1) {
      if (failures > 1 && attachment.expire(sentId) === 0) break;
      const judgement = await this.#attempt(send);
      if (this.#ended.signal.aborted) return;
      if (judgement.kind === 'taken') {
        this.#news.answered(module);
        attachment.acknowledge(sentId);
        return;
      }
      if (judgement.kind === 'refused') {
        this.#news.answered(module);
        if (attachment.refuse(sentId)) this.#news.refused(module);
        return;
      }
      this.#news.failed(module, judgement.why);
      const leftMs = attachment.expire(sentId);
      if (leftMs === 0) break;
      await this.#wait(Math.min(Math.max(judgement.waitMs, waitAfter(failures, Math.random())), leftMs));
    }
    this.#news.gaveUp(module);
  }

  async #attempt(send: Send): Promise<ReturnType<typeof judge>> {
    const body = bodyOf(send);
    const nowMs = Date.now();
    const headers = signatureHeaders(this.#options.key, {
      id: send.sentId,
      timestamp: Math.floor(nowMs / 1000),
      body,
    });
    const posted = await this.#poster.post(body, headers, this.#ended.signal);
    return posted.kind === 'failed' ? { ...posted, waitMs: 0 } : judge(posted.answer, Date.now());
  }

  async #wait(ms: number): Promise<void> {
    // To the next whole millisecond: a timer may be early by a part of one.
    const whole = Math.ceil(ms) + 1;
    await setTimeout(whole, null, { signal: this.#closing.signal, ref: false }).catch(() => null);
  }
}
