/** Makes the values of a metric: pure but for the labels that are kept. */

import type { Durations } from '../duration-buckets.js';
import type { ModuleFigures } from '../supervisor/types.js';
import type { Labels, MetricDefinition, Sample, Scrape } from './types.js';

/** A metric that knows no labels. */
export const NO_LABELS: Labels = {};
const OF_SERVER: Labels = {};
const INFINITE: Labels = { le: '+Inf' };
/** More names than a core has modules, or servers with values of their own. */
const MAX_NAMES = 1_000;

/** Labels that are kept from scrape to scrape, by those that follow the name. */
const kept = new WeakMap<Labels, Map<string, Labels>>();
const boundLabels = new Map<number, Labels>();

/** The label of a module, and others that are the same object each time. */
export function labelsOf(module: string, others: Labels): Labels {
  return kept.get(others)?.get(module) ?? keep(others, module, { module, ...others });
}

/** The label of a server. */
export function labelsOfServer(server: string): Labels {
  return kept.get(OF_SERVER)?.get(server) ?? keep(OF_SERVER, server, { server });
}

function keep(others: Labels, name: string, labels: Labels): Labels {
  const byName = kept.get(others) ?? new Map<string, Labels>();
  if (byName.size >= MAX_NAMES) byName.clear();
  kept.set(others, byName.set(name, labels));
  return labels;
}

type Head = Pick<MetricDefinition, 'name' | 'help'>;

/** A metric of one value; `null`: it has none now. */
export function single(
  type: 'counter' | 'gauge',
  head: Head,
  read: (scrape: Scrape) => number | null,
): MetricDefinition {
  return {
    ...head,
    type,
    labels: [],
    read: (scrape) => {
      const value = read(scrape);
      return value === null ? [] : [{ sharedLabels: NO_LABELS, value }];
    },
  };
}

/** A metric of one value for each module; `null`: it has none now. */
export function ofModules(
  type: 'counter' | 'gauge',
  head: Head,
  read: (module: ModuleFigures, scrape: Scrape) => number | null,
): MetricDefinition {
  return manyOfModules(type, { ...head, labels: [] }, (module, scrape) => {
    const value = read(module, scrape);
    return value === null ? [] : [[NO_LABELS, value]];
  });
}

/** A metric of several values for each module, whose labels are the same objects each time. */
export function manyOfModules(
  type: 'counter' | 'gauge',
  { labels, ...head }: Head & { labels: readonly string[] },
  read: (module: ModuleFigures, scrape: Scrape) => readonly (readonly [labels: Labels, value: number])[],
): MetricDefinition {
  return {
    ...head,
    type,
    labels: ['module', ...labels],
    read: (scrape) => {
      const samples: Sample[] = [];
      for (const module of scrape.modules) {
        for (const [others, value] of read(module, scrape)) {
          samples.push({ sharedLabels: labelsOf(module.name, others), value });
        }
      }
      return samples;
    },
  };
}

/**
 * The values of a histogram, which Prometheus wants as metrics of their own.
 *
 * @param module whose it is; `null`: it is of the core
 */
export function histogramSamples(name: string, durations: Durations, module: string | null = null): Sample[] {
  const { bounds, counts, total, sumSeconds } = durations;
  const labels = (others: Labels) => (module === null ? others : labelsOf(module, others));
  const bucket = (others: Labels, value: number): Sample => {
    return { metricName: `${name}_bucket`, sharedLabels: labels(others), value };
  };
  return [
    ...bounds.map((bound, i) => bucket(boundLabelsOf(bound), counts[i] ?? 0)),
    bucket(INFINITE, total),
    { metricName: `${name}_sum`, sharedLabels: labels(NO_LABELS), value: sumSeconds },
    { metricName: `${name}_count`, sharedLabels: labels(NO_LABELS), value: total },
  ];
}

function boundLabelsOf(bound: number): Labels {
  const labels = boundLabels.get(bound) ?? { le: String(bound) };
  boundLabels.set(bound, labels);
  return labels;
}
