/** Everything `status` shows of one module. */

import type { AbiName, ModuleSpec } from '../../config/types.js';
import type { ModuleBuilds } from '../builds/module-builds.js';
import { findModuleFile } from '../builds/module-file.js';
import type { Host } from '../host/host.js';
import type { ModuleStats } from '../news/module-stats.js';
import type { HostRole, HostStatus, ModuleCondition, ModuleState, ModuleStatus } from '../types.js';
import type { Replica } from './replica.js';
import type { ReplicaSet } from './replica-set.js';
import { nextStartOf, wallTimeOf } from './wall-time.js';

/** Where it is found. */
export interface StatusSources {
  spec: ModuleSpec;
  isReplacing: boolean;
  /** On the clock of `performance.now()`; `null`: it is on no probation. */
  probationUntilMs: number | null;
  /** Why the last reload of the module was taken back; `null`: it was not. */
  takenBack: string | null;
  replicas: ReplicaSet;
  builds: ModuleBuilds;
  stats: ModuleStats;
  queued: number;
  quarantined: number;
}

/** A host whose process still waits for others to come up does not count. */
function showHosts({ index, hosts }: Replica): HostStatus[] {
  const started = hosts.all.filter(({ pid }) => pid !== 0);
  return started.map((host) => showHost(host, index, hosts.roleOf(host) ?? 'retiring'));
}

function showHost(host: Host, replica: number, role: HostRole): HostStatus {
  const { pid, generation, state, startedAt, openRequests, inFlight } = host;
  const { memoryBytes = null, cpuSeconds = null } = host.readUsage() ?? {};
  const started = startedAt.toISOString();
  const usage = { startedAt: started, memoryBytes, cpuSeconds, openRequests, inFlight };
  return { replica, pid, generation, state, role, ...usage };
}

/** How many replicas there should be, how many of them serve, and each. */
function showReplicas({ spec, replicas }: Pick<StatusSources, 'spec' | 'replicas'>): ModuleStatus['replicas'] {
  const each = replicas.joined.map((replica) => replica.status());
  return { wanted: spec.replicas, serving: each.filter(({ isServing }) => isServing).length, each };
}

/** One that serves may be about to be taken over from. */
export function stateOf({ replicas, isReplacing }: Pick<StatusSources, 'replicas' | 'isReplacing'>): ModuleState {
  const { kind } = replicas.life;
  return isReplacing && kind === 'serving' ? 'replacing' : kind;
}

/** In short: this looks at no file and no process. */
export function conditionOf(sources: Pick<StatusSources, 'spec' | 'replicas' | 'isReplacing'>): ModuleCondition {
  const { spec, replicas } = sources;
  const { desired, lastError } = replicas;
  const { name, shadowOf } = spec;
  return { name, shadowOf, state: stateOf(sources), desired, lastError: lastError?.message ?? null };
}

/** Everything of now. */
export function makeStatus(sources: StatusSources): ModuleStatus {
  const { spec, replicas, builds, stats } = sources;
  const { life, desired, found, lastError, firstHost: host } = replicas;
  return {
    name: spec.name,
    shadowOf: spec.shadowOf,
    state: stateOf(sources),
    desired,
    pid: host?.pid || null,
    generation: host?.generation ?? replicas.generation,
    abi: (found?.ready.abi as AbiName | undefined) ?? null,
    abiSource: found?.abiSource ?? null,
    abiReason: found?.ready.abiReason ?? null,
    warnings: found?.ready.warnings ?? [],
    path: findModuleFile(spec),
    ...builds.status(spec, desired === 'up'),
    description: found?.ready.description || null,
    callbacks: found?.ready.callbacks ?? [],
    replicas: showReplicas(sources),
    hosts: replicas.all.flatMap(showHosts),
    onFailure: spec.onFailure,
    ...stats.status(),
    lastError: lastError?.message ?? null,
    lastErrorSignal: lastError?.signal ?? null,
    // Who keeps crash cards knows it.
    lastCrash: null,
    nextStartAt: nextStartOf(life),
    probationUntil: wallTimeOf(sources.probationUntilMs),
    takenBack: sources.takenBack,
    inFlight: replicas.inFlight,
    queued: sources.queued,
    quarantined: sources.quarantined,
  };
}
