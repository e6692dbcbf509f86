/** The facts of a death, for tests that distinguish deaths. */

import { RecentCalls } from '../../src/supervisor/calls/recent-calls.js';
import { type DeathFacts, judgeDeath } from '../../src/supervisor/host/death.js';
import type { HostEnd } from '../../src/supervisor/host/host-listener.js';

/** A host that served and ended by itself, unless told otherwise. */
export function makeFacts(changes: Partial<DeathFacts> = {}): DeathFacts {
  return {
    module: 'm',
    path: '/m.so',
    generation: 3,
    pid: 42,
    spare: false,
    from: { kind: 'ready' },
    exitCode: null,
    signal: null,
    halted: false,
    phase: 'serving',
    served: true,
    refusal: null,
    executing: null,
    lastWords: [],
    exitCalled: null,
    note: 'ready',
    oomStruck: false,
    limit: null,
    unreachable: null,
    overwritten: false,
    startTimeoutMs: 5000,
    hangMs: 2500,
    callbackMs: changes.hangMs === undefined ? 2500 : changes.hangMs,
    ...changes,
  };
}

/** The end that has these facts. */
export function endOf(facts: DeathFacts, hasTried = false): HostEnd {
  const scene = {
    files: { path: facts.path, others: [] },
    sha256: null,
    abi: null,
    uptimeMs: 0,
    recent: new RecentCalls(false),
    crashBody: 'last' as const,
    memoryBytes: null,
    descriptors: null,
  };
  const rest = {
    diedAt: new Date(0),
    cardId: null,
    isQuarantined: false,
    stack: null,
    call: null,
    lost: [],
    unseen: [],
    scene,
  };
  return { ...judgeDeath(facts), facts, hasTried, servedMs: 0, ...rest };
}
