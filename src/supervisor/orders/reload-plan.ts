/** What a reload has to do: pure. */

import { isDeepStrictEqual } from 'node:util';
import { keepsSends } from '../../config/keeps-sends.js';
import { CORE_KEYS } from '../../config/schema.js';
import type { CoreConfig, ModuleSpec } from '../../config/types.js';
import type { ReloadReport } from '../types.js';
import { changedSettings } from './changed-settings.js';

/** A module as it runs. */
export interface Present {
  spec: ModuleSpec;
  desired: 'up' | 'down';
  /** Identifies the file that its host loaded; `null`: there was none. */
  loadedFile: string | null;
}

/** What becomes of each module. */
export interface ReloadPlan {
  report: ReloadReport;
  /** To be started beside what runs, and to take over. */
  replace: ModuleSpec[];
  /** To be started, and to join the chain. */
  add: ModuleSpec[];
  /** To be taken as they are, by hosts that run or are stopped. */
  configure: ModuleSpec[];
  /** By name. */
  remove: string[];
  /** The names in the order of the new chain. */
  order: string[];
}

/** What a host is told or built with at its start. */
const OF_THE_HOST = [
  'path',
  'abi',
  'config',
  'window',
  'hangMs',
  'logRate',
  'directory',
  'env',
  'passEnv',
  'umask',
  'coreFiles',
  'staticTlsBytes',
  'sha256',
  'limits',
  'sandbox',
  'shadowHttp',
] as const;
/** What only the core uses. */
const OF_THE_CORE = [
  'onFailure',
  'deadlineMs',
  'startTimeoutMs',
  'queue',
  'overload',
  'backoff',
  'maxCrashes',
  'quarantine',
  'quarantineTtlMs',
  'stopTimeoutMs',
  'chainSends',
  'match',
  'watch',
  'probationMs',
  'maxRssBytes',
  'crashBody',
  'shadowOf',
  'replicas',
  'sticky',
  'broadcast',
  'maxMessages',
  'maxAgeMs',
] as const;

/** Global settings that are fixed for the life of the core, by their names in the file. */
const OF_THE_RUN: ReadonlySet<string> = new Set(['max_message', 'black_box', 'gateway', 'gateway_group', 'http']);
/** Settings that need the store for servers. A core without one must be restarted for them. */
const OF_KEPT_SENDS: ReadonlySet<string> = new Set(['webhook', 'webhook_secret', 'webhook_timeout']);

/** Whether a change of a setting holds only from the next start on. */
function needsRestart(key: string, before: CoreConfig): boolean {
  return OF_THE_RUN.has(key) || (OF_KEPT_SENDS.has(key) && !keepsSends(before));
}

/**
 * The settings after a reload. Those that only a restart changes stay as they are, so that the next reload compares with them.
 */
export function inForceAfter(before: CoreConfig, next: CoreConfig): CoreConfig {
  const kept = Object.entries(CORE_KEYS).filter(([key]) => needsRestart(key, before));
  return { ...next, ...Object.fromEntries(kept.map(([, { field }]) => [field, before[field]])) };
}

/**
 * Plans a reload.
 *
 * @param identify - tells the file that a spec's host would load now, as in {@link Present.loadedFile}
 * @param names - the modules that it is for, which get a new generation even if nothing changed; `null`: all that changed
 */
export function planReload(
  present: readonly Present[],
  before: CoreConfig,
  next: CoreConfig,
  identify: (spec: ModuleSpec) => string | null,
  names: readonly string[] | null,
): ReloadPlan {
  const changed = Object.entries(CORE_KEYS)
    .filter(([, { field }]) => !isDeepStrictEqual(before[field], next[field]))
    .map(([key]) => key);
  const report: ReloadReport = {
    replaced: [],
    added: [],
    removed: [],
    configured: [],
    unchanged: [],
    left: [],
    stopped: [],
    settings: changed.filter((key) => !needsRestart(key, before)),
    needRestart: changed.filter((key) => needsRestart(key, before)),
    changes: [],
    probation: [],
    wentBack: [],
    cutShort: [],
  };
  const plan: ReloadPlan = { report, replace: [], add: [], configure: [], remove: [], order: [] };
  const isMeant = (name: string) => names === null || names.includes(name);
  const runs = new Map(present.map((module) => [module.spec.name, module]));
  for (const spec of next.modules) {
    const module = runs.get(spec.name);
    if (module) placePresent(plan, module, spec, { isMeant: isMeant(spec.name), isForced: names !== null }, identify);
    else if (isMeant(spec.name)) {
      plan.add.push(spec);
      report.added.push(spec.name);
    } else report.left.push(spec.name);
  }
  for (const { spec } of present) {
    if (next.modules.some(({ name }) => name === spec.name)) continue;
    if (isMeant(spec.name)) {
      plan.remove.push(spec.name);
      report.removed.push(spec.name);
    } else report.left.push(spec.name);
  }
  const removed = new Set(plan.remove);
  const added = new Set(plan.add.map(({ name }) => name));
  plan.order = orderOf(
    present.map(({ spec }) => spec.name).filter((name) => !removed.has(name)),
    next.modules.map(({ name }) => name).filter((name) => runs.has(name) || added.has(name)),
  );
  return plan;
}

function placePresent(
  plan: ReloadPlan,
  module: Present,
  spec: ModuleSpec,
  { isMeant, isForced }: { isMeant: boolean; isForced: boolean },
  identify: (spec: ModuleSpec) => string | null,
): void {
  const { report } = plan;
  const ofTheHost = changedSettings(module.spec, spec, OF_THE_HOST);
  const settings = [...ofTheHost, ...changedSettings(module.spec, spec, OF_THE_CORE)];
  const otherHost = ofTheHost.length > 0;
  const otherFile = module.desired === 'up' && identify(spec) !== module.loadedFile;
  const otherSettings = settings.length > 0;
  // Another path leads to another file, of which nobody knows that it has changed.
  const hasChanged = otherFile && !settings.includes('path');
  if (otherSettings || otherFile) report.changes.push({ module: spec.name, settings, file: hasChanged });
  if (isMeant && (module.spec.shadowOf === null) !== (spec.shadowOf === null)) {
    // What it was offered in its old place must not reach a host in the new one. So another module takes its place.
    plan.remove.push(spec.name);
    plan.add.push(spec);
    report.replaced.push(spec.name);
  } else if (!isMeant) {
    (otherSettings || otherFile ? report.left : report.unchanged).push(spec.name);
  } else if (module.desired === 'up' && (isForced || otherHost || otherFile)) {
    plan.replace.push(spec);
    report.replaced.push(spec.name);
  } else {
    plan.configure.push(spec);
    if (isForced) report.stopped.push(spec.name);
    (otherSettings ? report.configured : report.unchanged).push(spec.name);
  }
}

/** The order of the file. A module that still runs but is no longer in the file keeps its place after the same module. */
function orderOf(present: string[], wanted: string[]): string[] {
  const order = [...wanted];
  for (const [at, name] of present.entries()) {
    if (order.includes(name)) continue;
    order.splice(at === 0 ? 0 : order.indexOf(present[at - 1] as string) + 1, 0, name);
  }
  return order;
}
