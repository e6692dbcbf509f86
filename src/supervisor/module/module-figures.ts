/** Everything that metrics are made of, of one module. */

import { copyTotals } from '../news/totals.js';
import { copyTotals as copyShadowTotals, type ShadowTally } from '../shadows/shadow-tally.js';
import type { ModuleFigures } from '../types.js';
import { type StatusSources, stateOf } from './module-status.js';

/** The figures of now; they stay as they are. */
export function makeFigures(
  sources: Pick<
    StatusSources,
    'spec' | 'isReplacing' | 'probationUntilMs' | 'replicas' | 'queued' | 'quarantined' | 'stats'
  > & {
    tally: ShadowTally | null;
    /** Of the hosts that live. */
    refusedHttp: number;
  },
): ModuleFigures {
  const { spec, probationUntilMs, replicas, queued, quarantined, stats } = sources;
  const processes = replicas.hosts.filter(({ pid }) => pid !== 0);
  let memoryBytes = 0;
  let { endedCpuSeconds: cpuSeconds } = stats.totals;
  for (const host of processes) {
    memoryBytes += host.lastUsage?.memoryBytes ?? 0;
    cpuSeconds += host.lastUsage?.cpuSeconds ?? 0;
  }
  return {
    name: spec.name,
    state: stateOf(sources),
    desired: replicas.desired,
    generation: replicas.firstHost?.generation ?? replicas.generation,
    isOnProbation: probationUntilMs !== null,
    onFailure: spec.onFailure,
    deadlineMs: spec.deadlineMs,
    queueLimit: spec.queue,
    inFlight: replicas.inFlight,
    queued,
    replicas: spec.replicas > 1 ? replicas.joined.map((replica) => replica.status()) : [],
    quarantined,
    hosts: processes.length,
    memoryBytes,
    cpuSeconds,
    totals: copyTotals(stats.totals),
    durations: stats.durations.read(),
    shadow: shadowOf(sources),
  };
}

function shadowOf({
  spec,
  tally,
  refusedHttp,
}: {
  spec: { shadowOf: string | null };
  tally: ShadowTally | null;
  refusedHttp: number;
}): ModuleFigures['shadow'] {
  if (tally === null || spec.shadowOf === null) return null;
  const totals = copyShadowTotals(tally.totals);
  return { of: spec.shadowOf, totals: { ...totals, refusedHttp: totals.refusedHttp + refusedHttp } };
}
