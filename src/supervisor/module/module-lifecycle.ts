/**
 * The life of one configured module, which outlives its hosts.
 *
 *   stopped ──start──▶ starting ──ready──▶ serving      (starting ──next-try──▶ starting; any ──adopted──▶ serving)
 *      ▲                 │  ▲                 │ died
 *      │ host gone       │  └──timer── backoff ◀──┤
 *      │ after stop      └──died──▶ backoff, failed ◀┘
 *      └───────────────────────────── any, with stop
 *
 * `desired` is kept apart from the state, so that an order arriving in the middle of something is remembered.
 */

import type { RestartDecision } from './restart-policy.js';

export type ModuleLife =
  /** No host, and none is wanted. */
  | { kind: 'stopped' }
  /** A host was spawned and is not ready yet. */
  | { kind: 'starting' }
  /** A host is ready, or finishing after a stop. */
  | { kind: 'serving'; sinceMs: number }
  /** Waiting for the next start. */
  | { kind: 'backoff'; untilMs: number }
  /** Intensity spent, or never able to start: bypassed, and probed at longer and longer intervals. */
  | { kind: 'failed'; untilMs: number };

export type ModuleEvent =
  | { kind: 'start' }
  | { kind: 'stop' }
  /** A new host, once the present one has finished and is gone. */
  | { kind: 'restart' }
  | { kind: 'ready' }
  /** A host that was started beside the present one takes over, and is ready. */
  | { kind: 'adopted' }
  /** The host is gone; `decision` says what the policy makes of it. */
  | { kind: 'died'; decision: RestartDecision }
  /** The host is gone that tried one ABI of several; the next one is tried. */
  | { kind: 'next-try' }
  /** The wait of `backoff` or `failed` is over. */
  | { kind: 'timer' };

export type ModuleEffect = { kind: 'spawn' } | { kind: 'stop-host' } | { kind: 'arm'; ms: number } | { kind: 'disarm' };

export interface ModuleStep {
  next: ModuleLife;
  effects: ModuleEffect[];
}

/** The state after an event; `desired` is what is wanted after the event. */
export function stepModule(life: ModuleLife, event: ModuleEvent, desired: 'up' | 'down', nowMs: number): ModuleStep {
  switch (event.kind) {
    case 'start':
      return life.kind === 'stopped' || waits(life) ? spawn() : stay(life);
    case 'stop':
      if (waits(life)) return { next: { kind: 'stopped' }, effects: [{ kind: 'disarm' }] };
      return life.kind === 'stopped' ? stay(life) : { next: life, effects: [{ kind: 'stop-host' }] };
    case 'restart':
      if (life.kind === 'stopped' || waits(life)) return spawn();
      return { next: life, effects: [{ kind: 'stop-host' }] };
    case 'adopted':
      return { next: { kind: 'serving', sinceMs: nowMs }, effects: [{ kind: 'disarm' }] };
    case 'ready':
      return life.kind === 'starting' ? { next: { kind: 'serving', sinceMs: nowMs }, effects: [] } : stay(life);
    case 'died':
      if (life.kind !== 'starting' && life.kind !== 'serving') return stay(life);
      return desired === 'down' ? { next: { kind: 'stopped' }, effects: [] } : follow(event.decision, nowMs);
    case 'next-try':
      if (life.kind !== 'starting') return stay(life);
      return desired === 'down' ? { next: { kind: 'stopped' }, effects: [] } : spawn();
    case 'timer':
      return waits(life) ? spawn() : stay(life);
  }
}

function follow(decision: RestartDecision, nowMs: number): ModuleStep {
  if (decision.kind === 'fail') {
    const untilMs = nowMs + decision.probeMs;
    return { next: { kind: 'failed', untilMs }, effects: [{ kind: 'arm', ms: decision.probeMs }] };
  }
  if (decision.delayMs === 0) return spawn();
  const untilMs = nowMs + decision.delayMs;
  return { next: { kind: 'backoff', untilMs }, effects: [{ kind: 'arm', ms: decision.delayMs }] };
}

function waits(life: ModuleLife): boolean {
  return life.kind === 'backoff' || life.kind === 'failed';
}

function spawn(): ModuleStep {
  return { next: { kind: 'starting' }, effects: [{ kind: 'disarm' }, { kind: 'spawn' }] };
}

function stay(life: ModuleLife): ModuleStep {
  return { next: life, effects: [] };
}
