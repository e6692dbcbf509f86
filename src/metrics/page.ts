/** Writes what is answered to a scrape, with prom-client, which is loaded with this file. */

import { Slices } from '../slices.js';
import { CATALOGUE, PREFIX } from './catalogue.js';
import { FastRegistry, type ReadMetric } from './registry.js';
import type { MetricDefinition, MetricsPage, Scrape } from './types.js';

/**
 * A registry of our own for what the core counts anyway. Its metrics are only read, so each is an object with the one function
 * that a registry calls.
 */
export class Page {
  readonly #registry = new FastRegistry();
  #scrape: Scrape | null = null;

  constructor() {
    for (const definition of CATALOGUE) this.#registry.register(this.#metricOf(definition));
  }

  /** Called again only when the last call has ended. */
  async write(scrape: Scrape): Promise<MetricsPage> {
    this.#scrape = scrape;
    const parts: string[] = [];
    const slices = new Slices();
    for (const { name } of CATALOGUE) {
      parts.push(await this.#registry.getSingleMetricAsString(PREFIX + name));
      await slices.pause();
    }
    this.#scrape = null;
    return { contentType: this.#registry.contentType, text: `${parts.join('\n\n')}\n` };
  }

  #metricOf({ name, type, help, read }: MetricDefinition): ReadMetric {
    const head = { name: PREFIX + name, type, help, aggregator: 'sum' };
    const get = async () => ({ ...head, values: this.#scrape === null ? [] : read(this.#scrape) });
    return { ...head, get };
  }
}
