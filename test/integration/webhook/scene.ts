/** A webhook between real sends and a real server, and what the modules hear. */

import { onTestFinished } from 'vitest';
import { Sends } from '../../../src/sends/sends.js';
import { Webhook } from '../../../src/webhook/webhook.js';
import { fromWireParams, toWireParams } from '../../../src/wire/params.js';

const SETTINGS = { sendQueue: 1000, sendBytes: 256 * 1024 * 1024, sendTtlMs: 3_600_000, modules: [] };
export const KEY = Buffer.from('a secret of the test');

/** What a module heard of a message. */
export interface Heard {
  sentId: string | undefined;
  status: number;
}

/** Made for one test. */
export class WebhookScene {
  readonly said: string[] = [];
  readonly heard: Heard[] = [];
  /** The clock of what waits. */
  nowMs = 1_000_000;
  readonly sends: Sends;
  #made = 0;
  #waiting: { holds: () => boolean; done: () => void }[] = [];

  constructor() {
    const say = (level: string, text: string) => this.#note(() => this.said.push(`${level}: ${text}`));
    this.sends = new Sends(SETTINGS, { say, now: () => this.nowMs });
    onTestFinished(() => this.sends.close());
    this.sends.use({
      submit: () => {
        throw new Error('no module of this test is in a chain');
      },
      tellSender: async (_, status, { sentId }) => {
        this.#note(() => this.heard.push({ sentId, status }));
        return true;
      },
    });
  }

  /** With a webhook to this URL. */
  static async to(url: string, { timeoutMs = 20_000 } = {}): Promise<WebhookScene & { webhook: Webhook }> {
    const scene = new WebhookScene();
    await scene.sends.open(null);
    const webhook = await scene.open(url, timeoutMs);
    return Object.assign(scene, { webhook });
  }

  /** Opens a webhook, which takes from now on. */
  async open(url: string, timeoutMs = 20_000): Promise<Webhook> {
    const say = (level: string, text: string) => this.#note(() => this.said.push(`${level}: ${text}`));
    const webhook = await Webhook.open({ url: new URL(url), key: KEY, timeoutMs, say });
    onTestFinished(() => webhook.end());
    webhook.attach(this.sends);
    return webhook;
  }

  /** A module sends something. @returns its sent id */
  keep(text: string | Buffer, { module = 'm', cause = null as Parameters<Sends['keep']>[0]['cause'] } = {}): string {
    this.#made += 1;
    const sentId = `00ff-${module}-1-${this.#made}`;
    const params = toWireParams({ id: this.#made, to: 'bob', from: 'alice' });
    const payload = Buffer.from(text);
    this.sends.keep({ module, generation: 1, sentId, params: fromWireParams(params), payload, cause }, params);
    return sentId;
  }

  /** Resolves when the condition holds; it is looked at whenever something is said or heard. */
  until(holds: () => boolean): Promise<void> {
    return new Promise((done) => {
      if (holds()) done();
      else this.#waiting.push({ holds, done });
    });
  }

  #note(record: () => void): void {
    record();
    const held = this.#waiting.filter(({ holds }) => holds());
    this.#waiting = this.#waiting.filter((entry) => !held.includes(entry));
    for (const { done } of held) done();
  }
}
