/** What metrics are made of, and what is made of it. */

import type { Durations } from '../duration-buckets.js';
import type { ModuleSends, SendCounters } from '../sends/types.js';
import type { ModuleFigures, ServerAway, ServerStatus } from '../supervisor/types.js';

/** The process that the core is in. */
export interface ProcessFigures {
  memoryBytes: number;
  cpuSeconds: number;
  heapUsedBytes: number;
  openDescriptors: number;
  maxDescriptors: number;
  /** How long its event loop has worked, and not waited. */
  loopActiveSeconds: number;
  /** How late its event loop is. */
  loopLag: Durations;
}

/** The core itself. */
export interface CoreFigures {
  version: string;
  startedAtSeconds: number;
  problems: number;
  recoveredSends: number;
}

/** What modules sent; only where it is kept. */
export interface SendsFigures {
  counters: SendCounters;
  maxMessages: number;
  maxBytes: number;
  away: readonly ServerAway[];
  ofModule(name: string): ModuleSends;
}

/** A core, as it is asked for a scrape. */
export interface MetricsSource {
  /** Looks at processes, in slices. */
  modules(): Promise<readonly ModuleFigures[]>;
  core(): CoreFigures;
  sends(): SendsFigures | null;
  servers(): readonly ServerStatus[];
}

/** All that is known at a scrape. */
export interface Scrape {
  core: CoreFigures;
  process: ProcessFigures;
  modules: readonly ModuleFigures[];
  sends: SendsFigures | null;
  /** At most as many as {@link ServerNames} lets through. */
  servers: readonly ServerStatus[];
}

/** The labels of a value. */
export type Labels = Readonly<Record<string, string>>;

/** One value, in the form in which prom-client takes it. */
export interface Sample {
  /** Written once for each object, so the same labels are the same object from scrape to scrape. */
  sharedLabels: Labels;
  value: number;
  /** Where it is not that of the metric. */
  metricName?: string;
}

/** One metric: what it is called, what it means, and where its values come from. */
export interface MetricDefinition {
  /** Without the `mesibo_modules_` in front. */
  name: string;
  type: 'counter' | 'gauge' | 'histogram';
  /** A phrase without a full stop. */
  help: string;
  labels: readonly string[];
  read(scrape: Scrape): Sample[];
}

/** What is answered to a scrape. */
export interface MetricsPage {
  contentType: string;
  text: string;
}
