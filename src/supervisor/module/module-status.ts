/** Everything `status` shows of one module. */

import { performance } from 'node:perf_hooks';
import type { AbiName, ModuleSpec } from '../../config/types.js';
import type { SupervisorError } from '../../errors.js';
import type { ModuleBuilds } from '../builds/module-builds.js';
import { findModuleFile } from '../builds/module-file.js';
import type { Host } from '../host/host.js';
import type { ModuleStats } from '../news/module-stats.js';
import type { Found } from '../trials/abi-search.js';
import type { HostStatus, ModuleCondition, ModuleState, ModuleStatus } from '../types.js';
import type { HostSet } from './host-set.js';
import type { ModuleLife } from './module-lifecycle.js';

/** Where it is found. */
export interface StatusSources {
  spec: ModuleSpec;
  life: ModuleLife;
  isReplacing: boolean;
  desired: 'up' | 'down';
  /** The number of the newest host. */
  generation: number;
  /** What the last ready host said; `null`: there was none. */
  found: Found | null;
  hosts: HostSet;
  builds: ModuleBuilds;
  stats: ModuleStats;
  lastError: SupervisorError | null;
  queued: number;
  quarantined: number;
}

/** A host whose process still waits for others to come up does not count. */
function showHost(host: Host): HostStatus {
  const { pid, generation, state, startedAt, openRequests } = host;
  const { memoryBytes = null, cpuSeconds = null } = host.readUsage() ?? {};
  return { pid, generation, state, startedAt: startedAt.toISOString(), memoryBytes, cpuSeconds, openRequests };
}

/** One that serves may be about to be taken over from. */
export function stateOf({ life, isReplacing }: Pick<StatusSources, 'life' | 'isReplacing'>): ModuleState {
  return isReplacing && life.kind === 'serving' ? 'replacing' : life.kind;
}

/** In short: this looks at no file and no process. */
export function conditionOf(
  sources: Pick<StatusSources, 'spec' | 'life' | 'isReplacing' | 'desired' | 'lastError'>,
): ModuleCondition {
  const { spec, desired, lastError } = sources;
  return {
    name: spec.name,
    shadowOf: spec.shadowOf,
    state: stateOf(sources),
    desired,
    lastError: lastError?.message ?? null,
  };
}

/** Everything of now. */
export function makeStatus(sources: StatusSources): ModuleStatus {
  const { spec, life, desired, found, hosts, builds, stats } = sources;
  const host = hosts.first;
  const waiting = life.kind === 'backoff' || life.kind === 'failed' ? life.untilMs : null;
  return {
    name: spec.name,
    shadowOf: spec.shadowOf,
    state: stateOf(sources),
    desired,
    pid: host?.pid || null,
    generation: host?.generation ?? sources.generation,
    abi: (found?.ready.abi as AbiName | undefined) ?? null,
    abiSource: found?.abiSource ?? null,
    abiReason: found?.ready.abiReason ?? null,
    warnings: found?.ready.warnings ?? [],
    path: findModuleFile(spec),
    ...builds.status(spec, desired === 'up'),
    description: found?.ready.description || null,
    callbacks: found?.ready.callbacks ?? [],
    hosts: hosts.all.filter(({ pid }) => pid !== 0).map(showHost),
    onFailure: spec.onFailure,
    ...stats.status(),
    lastError: sources.lastError?.message ?? null,
    lastErrorSignal: sources.lastError?.signal ?? null,
    // Who keeps crash cards knows it.
    lastCrash: null,
    nextStartAt: waiting === null ? null : new Date(Date.now() + waiting - performance.now()).toISOString(),
    inFlight: hosts.inFlight,
    queued: sources.queued,
    quarantined: sources.quarantined,
  };
}
