/** A real Prometheus, at a port that the system chooses. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { get } from './scene.js';

export const hasPrometheus = spawnSync('prometheus', ['--version']).error === undefined;

const shipped = (name: string) =>
  readFileSync(fileURLToPath(new URL(`../../../etc/prometheus/${name}`, import.meta.url)), 'utf8');

/** An alert, as Prometheus tells it. */
export interface Alert {
  labels: Record<string, string>;
  annotations: Record<string, string>;
  state: 'pending' | 'firing';
}

/** Times of the shipped rules are divided by so much. */
const FASTER = 60;

/** It scrapes one core twice a second, and ends with the test. */
export class Prometheus {
  readonly #url: string;

  private constructor(url: string) {
    this.#url = url;
  }

  /** Runs with the configuration and the rules that we ship: another address, and times that a test can wait for. */
  static async start(target: string, tokenFile: string): Promise<Prometheus> {
    const directory = mkdtempSync(join(tmpdir(), 'mm-'));
    const often = 'global:\n  scrape_interval: 500ms\n  scrape_timeout: 500ms\n  evaluation_interval: 200ms\n';
    const config = shipped('prometheus.yml')
      .replaceAll('127.0.0.1:7780', target)
      .replace('/etc/prometheus/mesibo-modules-token', tokenFile);
    writeFileSync(join(directory, 'prometheus.yml'), `${often}${config}`);
    writeFileSync(join(directory, 'mesibo-modules.rules.yml'), hasten(shipped('mesibo-modules.rules.yml')));
    const child = spawn(
      'prometheus',
      [
        `--config.file=${join(directory, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(directory, 'data')}`,
        '--web.listen-address=127.0.0.1:0',
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    onTestFinished(() => end(child, directory));
    const said: string[] = [];
    const address = await new Promise<string>((resolve, reject) => {
      createInterface(child.stderr as NodeJS.ReadableStream).on('line', (line) => {
        said.push(line);
        const [, address] = /msg="Listening on" address=(\S+)/.exec(line) ?? [];
        if (address) resolve(address);
      });
      child.on('exit', () => reject(new Error(said.join('\n'))));
    });
    const prometheus = new Prometheus(`http://${address}`);
    await prometheus.until(async () => (await get(`${prometheus.#url}/-/ready`)).status === 200);
    return prometheus;
  }

  /** The values of an expression, by the labels that are asked for. */
  async query(expr: string, label: string): Promise<Record<string, number>> {
    const data = await this.#ask(`query?query=${encodeURIComponent(expr)}`);
    const results = data.result as { metric: Record<string, string>; value: [number, string] }[];
    return Object.fromEntries(results.map(({ metric, value }) => [metric[label] ?? '', Number(value[1])]));
  }

  /** Those that are pending or firing. */
  async alerts(): Promise<Alert[]> {
    return (await this.#ask('alerts')).alerts as Alert[];
  }

  /** Names of the alerts that fire, of a module if they are of one. */
  async firing(): Promise<string[]> {
    const firing = (await this.alerts()).filter(({ state }) => state === 'firing');
    return firing.map(({ labels }) => [labels.alertname, labels.module].filter(Boolean).join(' '));
  }

  /** Resolves when the condition holds; Prometheus announces nothing, so it is asked again and again. */
  async until(holds: () => Promise<boolean>): Promise<void> {
    while (!(await holds())) await wait(100);
  }

  async #ask(what: string): Promise<Record<string, unknown>> {
    const { body } = await get(`${this.#url}/api/v1/${what}`);
    const { status, data, error } = JSON.parse(body);
    if (status !== 'success') throw new Error(error);
    return data;
  }
}

async function end(child: ChildProcess, directory: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null && child.kill('SIGTERM')) await once(child, 'exit');
  rmSync(directory, { recursive: true, force: true });
}

/** The same rules, in which a minute is a second. */
export function hasten(rules: string): string {
  const SECONDS: Record<string, number> = { m: 60, h: 3_600 };
  const shorter = (count: string, unit: string) => `${Math.ceil((Number(count) * (SECONDS[unit] ?? 1)) / FASTER)}s`;
  return rules
    .replaceAll(/^( +for: )(\d+)([mh])$/gm, (_, head, count, unit) => head + shorter(count, unit))
    .replaceAll(/\[(\d+)([mh])\]/g, (_, count, unit) => `[${shorter(count, unit)}]`);
}
