/** The metrics of a core. Only the lag of the event loop is counted for them; everything else is read when somebody asks. */

import { performance } from 'node:perf_hooks';
import { readDescriptorUse } from '../descriptors.js';
import { readUsage } from '../process-usage.js';
import { EventLoopLag } from './event-loop-lag.js';
import type { Page } from './page.js';
import { ServerNames } from './server-names.js';
import type { MetricsPage, MetricsSource, ProcessFigures, Scrape, SendsFigures } from './types.js';

/** Costs nothing before it is asked for the first time, or told to {@link watch}. */
export class Metrics {
  readonly #source: MetricsSource;
  readonly #names = new ServerNames();
  readonly #lag = new EventLoopLag();
  #page: Promise<Page> | null = null;
  #writing: Promise<MetricsPage> | null = null;

  constructor(source: MetricsSource) {
    this.#source = source;
  }

  /** Somebody may ask from now on: what that needs is loaded, and the event loop is watched. */
  watch(): void {
    this.#lag.start();
    this.#page ??= loadPage();
  }

  /** Stops watching; it can still be asked. */
  close(): void {
    this.#lag.close();
  }

  /** The page of now, in the text format of Prometheus. Who asks while one is written gets that one. */
  read(): Promise<MetricsPage> {
    this.#writing ??= this.#write().finally(() => {
      this.#writing = null;
    });
    return this.#writing;
  }

  async #write(): Promise<MetricsPage> {
    this.watch();
    const page = (await this.#page) as Page;
    return page.write(this.#look(await this.#source.modules()));
  }

  #look(modules: Scrape['modules']): Scrape {
    const source = this.#source;
    return {
      modules,
      core: source.core(),
      process: this.#lookAtProcess(),
      sends: this.#boundAway(source.sends()),
      servers: this.#names.bound(source.servers()),
    };
  }

  /** What waits for servers without values of their own is in the sums of all that waits. */
  #boundAway(sends: SendsFigures | null): SendsFigures | null {
    return sends && { ...sends, away: sends.away.filter(({ server }) => this.#names.has(server)) };
  }

  #lookAtProcess(): ProcessFigures {
    const { memoryBytes = 0, cpuSeconds = 0 } = readUsage(process.pid) ?? {};
    const { inUse, limit } = readDescriptorUse();
    return {
      memoryBytes,
      cpuSeconds,
      heapUsedBytes: process.memoryUsage().heapUsed,
      openDescriptors: inUse,
      maxDescriptors: limit,
      loopActiveSeconds: performance.eventLoopUtilization().active / 1000,
      loopLag: this.#lag.read(),
    };
  }
}

/** Later than a core starts, and only where it is wanted: prom-client takes its time. */
async function loadPage(): Promise<Page> {
  const { Page } = await import('./page.js');
  return new Page();
}
