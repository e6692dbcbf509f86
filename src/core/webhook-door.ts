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

/** Has one webhook at a time, or none. */
export class WebhookDoor {
  readonly #options: WebhookDoorOptions;
  #webhook: Webhook | null = null;
  #settings: WebhookSettings | null = null;
  /** Resolves when the last change has been made. */
  #changed: Promise<void> = Promise.resolve();
  #problem: string | null = null;
  #isClosed = false;

  constructor(options: WebhookDoorOptions) {
    this.#options = options;
  }

  /** Takes settings, once those before are in force. Never rejects. @returns when it posts by them */
  configure(settings: WebhookSettings | null): Promise<void> {
    this.#changed = this.#changed.then(() => this.#change(settings));
    return this.#changed;
  }

  async #change(settings: WebhookSettings | null): Promise<void> {
    const before = this.#settings;
    const isSame = this.#problem === null && isDeepStrictEqual(describe(settings), describe(before));
    if (this.#isClosed || isSame) return;
    this.#settings = settings;
    this.#problem = null;
    await this.#webhook?.close();
    this.#webhook = null;
    const { say, sends } = this.#options;
    if (before !== null && settings === null) say('info', 'the webhook posts nothing any more');
    if (settings === null || this.#isClosed) return;
    let webhook: Webhook | undefined;
    try {
      webhook = await Webhook.open({ ...settings, say });
      // It was closed meanwhile.
      if (this.#isClosed) return webhook.end();
      webhook.attach(sends);
      this.#webhook = webhook;
      const isOther = before !== null && !before.key.equals(settings.key);
      say('info', `the webhook posts to ${settings.url.origin}${isOther ? ', with another key' : ''}`);
    } catch (error) {
      webhook?.end();
      this.#problem = `the webhook posts nothing: ${(error as Error).message}; then reload`;
      say('warn', this.#problem);
    }
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
    await this.#webhook?.close();
    await this.#changed;
  }

  /** The same, and waits for no answer. */
  end(): void {
    this.#isClosed = true;
    this.#webhook?.end();
  }
}

/** What can be compared of settings. */
function describe(settings: WebhookSettings | null): unknown {
  return settings && { ...settings, url: settings.url.href };
}
