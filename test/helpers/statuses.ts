/** States of modules, for what shows them. */

import type { CoreStatus, ModuleStatus } from '../../src/supervisor/types.js';

const NO_DEFAULTS = { crash: 0, hang: 0, deadline: 0, down: 0, overload: 0, quarantine: 0 };

/** One that serves, and has had no fault. */
export const serving: ModuleStatus = {
  name: 'filter',
  shadowOf: null,
  state: 'serving',
  desired: 'up',
  pid: 4242,
  generation: 1,
  abi: 'exports-2020',
  abiSource: 'symbols',
  abiReason: 'it imports mesibo_vlog',
  warnings: [],
  path: '/usr/lib64/mesibo/filter.so',
  build: { sha256: '5f'.repeat(32), path: '/usr/lib64/mesibo/filter.so', kept: false, problem: null },
  fileChanged: false,
  fileMissing: false,
  description: null,
  callbacks: ['on_message'],
  replicas: {
    wanted: 1,
    serving: 1,
    each: [
      {
        replica: 0,
        state: 'serving',
        isServing: true,
        inFlight: 0,
        queued: 0,
        restarts: 0,
        lastError: null,
        nextStartAt: null,
      },
    ],
  },
  hosts: [
    {
      replica: 0,
      pid: 4242,
      generation: 1,
      state: 'ready',
      role: 'serving',
      startedAt: '2024-12-31T23:57:57.000Z',
      memoryBytes: 61_500_000,
      cpuSeconds: 0.37,
      openRequests: 0,
      inFlight: 0,
    },
  ],
  onFailure: 'pass',
  restarts: 0,
  failedStarts: 0,
  recycled: { messages: 0, age: 0, memory: 0 },
  sends: {
    total: 0,
    undelivered: 0,
    refused: 0,
    waiting: 0,
    delivered: 0,
    refusedByServer: 0,
    expired: 0,
    consumed: 0,
  },
  dropped: { logLines: 0, outputBytes: 0 },
  crashes: {
    total: 0,
    byCause: { crash: 0, exit: 0, hang: 0, unreachable: 0, memory: 0, limit: 0 },
    lastSignal: null,
    lastAt: null,
  },
  lastError: null,
  lastErrorSignal: null,
  lastCrash: null,
  nextStartAt: null,
  probationUntil: null,
  takenBack: null,
  messages: {
    total: 12,
    pass: 9,
    consumed: 3,
    default: 0,
    defaultConsumed: 0,
    defaultByReason: NO_DEFAULTS,
    late: 0,
    filtered: 0,
  },
  inFlight: 0,
  queued: 0,
  quarantined: 0,
  latencyMicros: { p50: null, p99: null },
};

/** One that has crashed and waits for its next start, a minute and five seconds after {@link NOW}. */
export const crashed: ModuleStatus = {
  ...serving,
  name: 'crashy',
  state: 'backoff',
  pid: null,
  hosts: [],
  generation: 3,
  restarts: 2,
  crashes: {
    total: 3,
    byCause: { crash: 3, exit: 0, hang: 0, unreachable: 0, memory: 0, limit: 0 },
    lastSignal: 'SIGSEGV',
    lastAt: '2025-01-01T00:00:00.000Z',
  },
  lastError: 'module crashy: host 3 (pid 9) was ended by SIGSEGV',
  nextStartAt: '2025-01-01T00:01:05.000Z',
  messages: {
    total: 5,
    pass: 2,
    consumed: 0,
    default: 3,
    defaultConsumed: 0,
    defaultByReason: { ...NO_DEFAULTS, crash: 3 },
    late: 0,
    filtered: 0,
  },
};

const replica = {
  state: 'serving',
  isServing: true,
  inFlight: 2,
  queued: 1,
  restarts: 0,
  lastError: null,
  nextStartAt: null,
} as const;

/** One with two replicas, of which the second waits for its next start, five seconds after {@link NOW}. */
export const halved: ModuleStatus = {
  ...serving,
  name: 'halved',
  replicas: {
    wanted: 2,
    serving: 1,
    each: [
      { replica: 0, ...replica },
      {
        replica: 1,
        ...replica,
        state: 'backoff',
        isServing: false,
        inFlight: 0,
        restarts: 3,
        lastError: 'module halved: host 5 (pid 9, replica 1) was ended by SIGSEGV',
        nextStartAt: '2025-01-01T00:00:05.000Z',
      },
    ],
  },
};

/** One that was ordered to stop, and has not ended yet. */
export const stopping: ModuleStatus = { ...serving, name: 'slow', desired: 'down' };

/** A core with these modules. */
export function statusOf(...modules: ModuleStatus[]): CoreStatus {
  return {
    core: {
      pid: 7,
      version: '1.2.3',
      uptimeSeconds: 3723,
      config: '/etc/mesibo/mesibo.conf',
      problems: [],
      recoveredSends: 0,
      embedded: false,
      gateway: null,
      gatewayGroup: null,
      http: null,
      webhook: null,
    },
    modules,
    servers: [],
    sends: null,
  };
}

/** The time that it is. */
export const NOW = Date.parse('2025-01-01T00:00:00.000Z');
