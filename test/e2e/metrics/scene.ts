/** A real core that answers scrapes over HTTP, and what it answered. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { type ConfigOptions, Core, type CoreConfig, type LifecycleEvent, type ModuleOptions } from 'mesibo-modules';
import { onTestFinished } from 'vitest';
import { patientConfig } from '../core.js';

export const TOKEN = 'the-token-of-this-test';

/** A page of metrics. */
export class Scraped {
  /** By the name and the labels, as they are written. */
  readonly values = new Map<string, number>();
  readonly types = new Map<string, string>();
  readonly text: string;

  constructor(text: string) {
    this.text = text;
    for (const line of text.split('\n')) {
      const [, name, type] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
      if (name && type) this.types.set(name, type);
      const [, series, value] = /^([^#].*) (\S+)$/.exec(line) ?? [];
      if (series) this.values.set(series, Number(value));
    }
  }

  /** The value of a series of this core, as `messages_total{module="a"}`; labels are in the order of the page. */
  value(series: string): number | undefined {
    return this.values.get(`mesibo_modules_${series}`);
  }

  /** Those that only grow while a core runs. */
  counters(): [series: string, value: number][] {
    return [...this.values].filter(([series]) => {
      const name = /^[^{]*/.exec(series)?.[0] ?? '';
      const isHistogram = this.types.get(name.replace(/_(bucket|sum|count)$/, '')) === 'histogram';
      return isHistogram || this.types.get(name) === 'counter';
    });
  }
}

/** One for each test, which ends with it. */
export class MetricsScene {
  readonly directory = mkdtempSync(join(tmpdir(), 'mm-'));
  readonly tokenFile = join(this.directory, 'token');
  readonly core: Core;
  readonly lives: LifecycleEvent[] = [];
  readonly #options: ConfigOptions;
  #waiting: { holds: () => boolean; done: () => void }[] = [];

  constructor(modules: ModuleOptions[], options: ConfigOptions = {}) {
    writeFileSync(this.tokenFile, `${TOKEN}\n`, { mode: 0o600 });
    this.#options = options;
    onTestFinished(() => this.#close());
    const places = { runDir: join(this.directory, 'run'), stateDir: join(this.directory, 'state') };
    this.core = new Core(this.config(modules), places);
    this.core.on('lifecycle', (event) => {
      this.lives.push(event);
      const held = this.#waiting.filter(({ holds }) => holds());
      this.#waiting = this.#waiting.filter((entry) => !held.includes(entry));
      for (const { done } of held) done();
    });
  }

  /** A configuration with other modules. */
  config(modules: ModuleOptions[]): CoreConfig {
    const http = { http: '127.0.0.1:0', httpToken: this.tokenFile };
    return patientConfig({ spareHosts: 0, ...http, ...this.#options, modules });
  }

  /** HOST:PORT. */
  get address(): string {
    const { http } = this.core.status().core;
    if (!http) throw new Error('nothing listens');
    return http;
  }

  /** Resolves when it answers scrapes, which is while its modules start; nothing announces that. */
  async listens(): Promise<void> {
    while (!this.core.status().core.http) await wait(10);
  }

  /** Sends one message through the chain, and tells who gave a verdict and which. */
  async send(text: string): Promise<string> {
    const { trace } = await this.core.onMessage({ from: 'alice', to: 'bob' }, Buffer.from(text));
    return trace.map(({ module, verdict, default: reason }) => `${module} ${reason ?? verdict}`).join(', ');
  }

  /** Resolves when the condition holds; it is looked at whenever a module or a host changes its state. */
  until(holds: () => boolean): Promise<void> {
    return new Promise((done) => {
      if (holds()) done();
      else this.#waiting.push({ holds, done });
    });
  }

  /** Resolves when a module is in a state. */
  is(name: string, state: string): Promise<void> {
    return this.until(() => this.core.status().modules.find((module) => module.name === name)?.state === state);
  }

  /** As Prometheus asks. @throws when there is no whole answer with the status 200 */
  async scrape(address = this.address): Promise<Scraped> {
    const { status, body, type } = await get(`http://${address}/metrics`, { authorization: `Bearer ${TOKEN}` });
    if (status !== 200) throw new Error(`status ${status}: ${body}`);
    if (!/^text\/plain; version=0\.0\.4/.test(type)) throw new Error(`content type ${type}`);
    return new Scraped(body);
  }

  async #close(): Promise<void> {
    await this.core.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Asks, with a connection of its own. @throws when the connection ends before the answer */
export async function get(url: string, headers: Record<string, string> = {}) {
  const response = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
    request(url, { agent: false, headers }).on('response', resolve).on('error', reject).end();
  });
  const body = await text(response);
  if (!response.complete) throw new Error('the answer is not whole');
  return { status: response.statusCode, body, type: response.headers['content-type'] ?? '' };
}
