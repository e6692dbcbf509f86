/** What a supervisor counts about its modules, for metrics. No count goes back while the supervisor lives. */

import type { Durations } from '../../duration-buckets.js';
import type { FailureCause, ModuleState } from './announcements.js';
import type { DefaultReason, Verdict } from './decisions.js';
import type { RecycleCause } from './recycling.js';
import type { ShadowTotals } from './shadows.js';
import type { ReplicaStatus } from './status.js';

/**
 * Counters that only grow while the supervisor lives: `reset`, a reload, and the removal of the module leave them as they are. A
 * module that is removed and added again goes on where it was.
 */
export type ModuleTotals = {
  /** The module's own verdicts on messages. */
  own: Record<Verdict, number>;
  /** Those given in its place, each with its reason. */
  defaults: Record<Verdict, Record<DefaultReason, number>>;
  /** Verdicts that came too late: the default verdict had been given already. */
  late: number;
  /** Messages that its `match` left out. */
  filtered: number;
  restarts: number;
  failedStarts: number;
  /** Processes that were replaced because they had reached a setting. */
  recycled: Record<RecycleCause, number>;
  /** Calls that waited for a replica and went to another one. */
  relocated: number;
  /** Reloads that were taken back, because the new process failed on probation. */
  takenBack: number;
  crashes: Record<FailureCause, number>;
  sends: { total: number; undelivered: number; refused: number };
  dropped: { logLines: number; outputBytes: number };
  /** CPU time of its hosts that have ended, as far as it was seen. */
  endedCpuSeconds: number;
};

/** One module, as it is now and as it was counted. */
export interface ModuleFigures {
  name: string;
  state: ModuleState;
  desired: 'up' | 'down';
  generation: number;
  /** The process before the last reload is kept. */
  isOnProbation: boolean;
  /** Its settings. */
  onFailure: 'pass' | 'consume';
  deadlineMs: number;
  queueLimit: number;
  inFlight: number;
  queued: number;
  /** Each of several; empty: there is one. */
  replicas: Pick<ReplicaStatus, 'replica' | 'isServing' | 'inFlight' | 'queued' | 'restarts'>[];
  /** Messages that it does not get because they killed it. */
  quarantined: number;
  /** Its processes, and what they use together. */
  hosts: number;
  memoryBytes: number;
  /** Those that have ended included. */
  cpuSeconds: number;
  totals: ModuleTotals;
  /** How long it took to give its own verdict on messages, from the moment the chain reached it. */
  durations: Durations;
  /** What was counted of it as a shadow, and whose; `null`: it is in the chain. */
  shadow: { of: string; totals: ShadowTotals } | null;
}
