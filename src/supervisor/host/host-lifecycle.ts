/**
 * The life of one host: one process, one generation, never restarted.
 *
 *   starting ──ready──▶ ready ──stop──▶ draining ──drained──▶ stopping(asked) ─┐
 *      │ refused          │                │ timeout                           │ timeout
 *      ▼                  │ hung, unreachable                                   ▼
 *   stopping(asked)       └──────▶ stopping(killed) ◀──timeout── stopping(terminated)
 *
 * Every state is left for `exited` when the process exits, whatever was planned.
 */

/** Why a host is being ended. */
export type StopCause = 'stop' | 'refused' | 'start-timeout' | 'hang' | 'unreachable' | 'violation';

export type HostLife =
  /** Spawned; not ready until it says so. */
  | { kind: 'starting' }
  /** Serving. */
  | { kind: 'ready' }
  /** Nothing new; finishing what it holds. */
  | { kind: 'draining' }
  /** Being ended: by a Stop frame, by SIGTERM, by SIGKILL. */
  | { kind: 'stopping'; stage: 'asked' | 'terminated' | 'killed'; cause: StopCause }
  /** The end. */
  | { kind: 'exited' };

export type HostEvent =
  /** The module's init succeeded. */
  | { kind: 'ready' }
  /** The module cannot run; the host waits for leave to exit. */
  | { kind: 'refused' }
  /** The module is no longer wanted. */
  | { kind: 'stop' }
  /** The last call is answered. */
  | { kind: 'drained' }
  /** The time of the present state is over. */
  | { kind: 'timeout' }
  /** A callback ran for too long. */
  | { kind: 'hung' }
  /** It executes nothing and does not answer, or its connection is gone. */
  | { kind: 'unreachable' }
  /** It said what no host may say. */
  | { kind: 'violated' }
  /** No more patience: end it at once. */
  | { kind: 'kill' }
  /** The process is gone. */
  | { kind: 'exit' };

export type HostEffect =
  | { kind: 'arm'; ms: number }
  | { kind: 'disarm' }
  | { kind: 'send-stop' }
  | { kind: 'signal'; signal: 'SIGTERM' | 'SIGKILL' }
  | { kind: 'became-ready' }
  | { kind: 'drain' };

/** Times that a transition arms. */
export interface HostTimes {
  startTimeoutMs: number;
  stopTimeoutMs: number;
}

export interface HostStep {
  next: HostLife;
  effects: HostEffect[];
}

/** The state in which a spawned host begins, with its timer. */
export function beginHost(times: HostTimes): HostStep {
  return { next: { kind: 'starting' }, effects: [{ kind: 'arm', ms: times.startTimeoutMs }] };
}

/** What an event makes of a host; an event that means nothing in a state leaves it as it is. */
export function stepHost(life: HostLife, event: HostEvent, times: HostTimes): HostStep {
  if (life.kind === 'exited') return stay(life);
  switch (event.kind) {
    case 'exit':
      return { next: { kind: 'exited' }, effects: [{ kind: 'disarm' }] };
    case 'kill':
      return kill(life.kind === 'stopping' ? life.cause : 'stop');
    case 'hung':
      return life.kind === 'stopping' && life.stage === 'killed' ? stay(life) : kill('hang');
    case 'unreachable':
      // In any other state, what ends it has its own time limit.
      return life.kind === 'ready' || life.kind === 'draining' ? kill('unreachable') : stay(life);
    case 'violated':
      return life.kind === 'stopping' && life.stage === 'killed' ? stay(life) : kill('violation');
    case 'ready':
      if (life.kind !== 'starting') return stay(life);
      return { next: { kind: 'ready' }, effects: [{ kind: 'disarm' }, { kind: 'became-ready' }] };
    case 'refused':
      return life.kind === 'starting' ? ask('refused', times) : stay(life);
    case 'stop':
      return stop(life, times);
    case 'drained':
      return life.kind === 'draining' ? ask('stop', times) : stay(life);
    case 'timeout':
      return timeout(life, times);
  }
}

function stop(life: HostLife, times: HostTimes): HostStep {
  // A starting host reads no frames while it loads its module.
  if (life.kind === 'starting') return terminate('stop', times);
  if (life.kind !== 'ready') return stay(life);
  return { next: { kind: 'draining' }, effects: [{ kind: 'arm', ms: times.stopTimeoutMs }, { kind: 'drain' }] };
}

function timeout(life: HostLife, times: HostTimes): HostStep {
  switch (life.kind) {
    case 'starting':
      return kill('start-timeout');
    case 'draining':
      // It did not finish its calls in time, so it would not see a Stop frame either.
      return terminate('stop', times);
    case 'stopping':
      if (life.stage === 'asked') return terminate(life.cause, times);
      return life.stage === 'terminated' ? kill(life.cause) : stay(life);
    default:
      return stay(life);
  }
}

function ask(cause: StopCause, times: HostTimes): HostStep {
  return {
    next: { kind: 'stopping', stage: 'asked', cause },
    effects: [{ kind: 'send-stop' }, { kind: 'arm', ms: times.stopTimeoutMs }],
  };
}

function terminate(cause: StopCause, times: HostTimes): HostStep {
  return {
    next: { kind: 'stopping', stage: 'terminated', cause },
    effects: [
      { kind: 'signal', signal: 'SIGTERM' },
      { kind: 'arm', ms: times.stopTimeoutMs },
    ],
  };
}

function kill(cause: StopCause): HostStep {
  return {
    next: { kind: 'stopping', stage: 'killed', cause },
    effects: [{ kind: 'disarm' }, { kind: 'signal', signal: 'SIGKILL' }],
  };
}

function stay(life: HostLife): HostStep {
  return { next: life, effects: [] };
}
