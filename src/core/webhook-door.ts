/** The webhook of a core, from one configuration to the next. */

import { isDeepStrictEqual } from 'node:util';
import type { CoreConfig } from '../config/types.js';
import { readWebhookKey } from '../secrets.js';
import type { SendSource } from '../sends/types.js';
import type { ServerStatus } from '../supervisor/types.js';
import { WEBHOOK, Webhook, type WebhookSettings } from '../webhook/webhook.js';

/** What it needs. */
export interface WebhookDoorOptions {
  sends: SendSource;
  say(level: 'info' | 'warn', text: string): void;
  /** Another time than the usual between two attempts to begin. */
  retryMs?: number;
}

/**
 * What a configuration says of the webhook, with the key that its file has now.
 *
 * @returns `null`: there is none
 * @throws SupervisorError when the file of the secret cannot be used
 */
export function readWebhookSettings(config: CoreConfig): WebhookSettings | null {
  const { webhook, webhookSecret, webhookTimeoutMs: timeoutMs } = config;
  if (webhook === 'off' || webhookSecret === null) return null;
  return { url: new URL(webhook), key: readWebhookKey(webhookSecret), timeoutMs };
}

/** What came of settings. */
export interface WebhookChange {
  /** It signs with another key than before. */
  hasOtherKey: boolean;
  /** Why it posts nothing, in a sentence. */
  problem: string | null;
}

/** How often a failed start of posting is tried again. */
const RETRY_MS = 2000;

/** Has one webhook at a time, or none. */
export class WebhookDoor {
  readonly #options: WebhookDoorOptions;
  #webhook: Webhook | null = null;
  #settings: WebhookSettings | null = null;
  /** Resolves when the last change has been made. */
  #changed: Promise<unknown> = Promise.resolve();
  #problem: string | null = null;
  #retry: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: WebhookDoorOptions) {
    this.#options = options;
  }

  /** Takes settings, after the previous ones are in use. Never rejects. @returns when it posts with them, or cannot */
  configure(settings: WebhookSettings | null): Promise<WebhookChange> {
    const change = this.#changed.then(() => this.#change(settings));
    this.#changed = change;
    return change;
  }

  async #change(settings: WebhookSettings | null): Promise<WebhookChange> {
    const before = this.#settings;
    const isSame = this.#problem === null && isDeepStrictEqual(describe(settings), describe(before));
    if (this.#isClosed || isSame) return { hasOtherKey: false, problem: null };
    const hasOtherKey = before !== null && settings !== null && !before.key.equals(settings.key);
    this.#settings = settings;
    this.#problem = null;
    clearTimeout(this.#retry);
    await this.#webhook?.close();
    this.#webhook = null;
    const { say } = this.#options;
    if (before !== null && settings === null) say('info', 'the webhook no longer posts');
    if (settings === null || this.#isClosed) return { hasOtherKey: false, problem: null };
    this.#problem = await this.#open(settings, hasOtherKey ? ', with another key' : '');
    if (this.#problem !== null) say('warn', this.#problem);
    return { hasOtherKey: hasOtherKey && this.#problem === null, problem: this.#problem };
  }

  /** @returns why it cannot be, in a sentence */
  async #open(settings: WebhookSettings, how: string): Promise<string | null> {
    const { say, sends } = this.#options;
    let webhook: Webhook | undefined;
    try {
      webhook = await Webhook.open({ ...settings, say });
      // It was closed meanwhile.
      if (this.#isClosed) webhook.end();
      else {
        webhook.attach(sends);
        this.#webhook = webhook;
        say('info', `the webhook posts to ${settings.url.origin}${how}`);
      }
      return null;
    } catch (error) {
      webhook?.end();
      this.#retry = setTimeout(() => this.#tryAgain(), this.#options.retryMs ?? RETRY_MS).unref();
      return `the webhook posts nothing: ${(error as Error).message}; the core tries again until it works`;
    }
  }

  /** The holder of its name may have gone. */
  #tryAgain(): void {
    this.#changed = this.#changed.then(async () => {
      if (this.#isClosed || this.#settings === null || this.#problem === null) return;
      clearTimeout(this.#retry);
      this.#problem = await this.#open(this.#settings, '');
    });
  }

  /** Why it posts nothing, in sentences. */
  problems(): string[] {
    return this.#problem === null ? (this.#webhook?.problems() ?? []) : [this.#problem];
  }

  /** As one of the servers. */
  servers(): ServerStatus[] {
    if (!this.#webhook?.isTaking) return [];
    const { inHand: unacknowledged } = this.#webhook;
    return [{ name: WEBHOOK, connections: 1, takesSends: true, inProgress: 0, unacknowledged }];
  }

  /** Where it posts; the path may be secret. `null`: nowhere. */
  get origin(): string | null {
    return this.#settings?.url.origin ?? null;
  }

  /** Posts nothing more. What is being posted may be answered for a moment. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    await this.#webhook?.close();
    await this.#changed;
  }

  /** The same, and waits for no answer. */
  end(): void {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    this.#webhook?.end();
  }
}

/** What can be compared of settings. */
function describe(settings: WebhookSettings | null): unknown {
  return settings && { ...settings, url: settings.url.href };
}
