import { describe, expect, it } from 'vitest';
import { beginHost, type HostEvent, type HostLife, stepHost } from '../../../../src/supervisor/host/host-lifecycle.js';

const times = { startTimeoutMs: 11, stopTimeoutMs: 22 };
const stopping = (stage: 'asked' | 'terminated' | 'killed', cause = 'stop'): HostLife =>
  ({ kind: 'stopping', stage, cause }) as HostLife;

const states: Record<string, HostLife> = {
  starting: { kind: 'starting' },
  ready: { kind: 'ready' },
  draining: { kind: 'draining' },
  asked: stopping('asked'),
  terminated: stopping('terminated'),
  killed: stopping('killed'),
  exited: { kind: 'exited' },
};

/** A state in one word, and effects in one word each. */
const show = (life: HostLife) => (life.kind === 'stopping' ? `${life.stage}:${life.cause}` : life.kind);
const effectsOf = (life: HostLife, event: HostEvent['kind']) => {
  const { next, effects } = stepHost(life, { kind: event }, times);
  const words = effects.map((effect) => {
    if (effect.kind === 'arm') return `arm ${effect.ms}`;
    return effect.kind === 'signal' ? effect.signal : effect.kind;
  });
  return [show(next), ...words].join(', ');
};

/** Every event in every state: the next state, then the effects. */
const matrix: Record<HostEvent['kind'], Record<string, string>> = {
  ready: { starting: 'ready, disarm, became-ready' },
  refused: { starting: 'asked:refused, send-stop, arm 22' },
  stop: { starting: 'terminated:stop, SIGTERM, arm 22', ready: 'draining, arm 22, drain' },
  drained: { draining: 'asked:stop, send-stop, arm 22' },
  timeout: {
    starting: 'killed:start-timeout, disarm, SIGKILL',
    draining: 'terminated:stop, SIGTERM, arm 22',
    asked: 'terminated:stop, SIGTERM, arm 22',
    terminated: 'killed:stop, disarm, SIGKILL',
  },
  hung: {
    starting: 'killed:hang, disarm, SIGKILL',
    ready: 'killed:hang, disarm, SIGKILL',
    draining: 'killed:hang, disarm, SIGKILL',
    asked: 'killed:hang, disarm, SIGKILL',
    terminated: 'killed:hang, disarm, SIGKILL',
  },
  unreachable: {
    ready: 'killed:unreachable, disarm, SIGKILL',
    draining: 'killed:unreachable, disarm, SIGKILL',
  },
  violated: {
    starting: 'killed:violation, disarm, SIGKILL',
    ready: 'killed:violation, disarm, SIGKILL',
    draining: 'killed:violation, disarm, SIGKILL',
    asked: 'killed:violation, disarm, SIGKILL',
    terminated: 'killed:violation, disarm, SIGKILL',
  },
  kill: Object.fromEntries(
    Object.keys(states)
      .filter((state) => state !== 'exited')
      .map((state) => [state, 'killed:stop, disarm, SIGKILL']),
  ),
  exit: Object.fromEntries(
    Object.keys(states)
      .filter((state) => state !== 'exited')
      .map((state) => [state, 'exited, disarm']),
  ),
};

describe.each(Object.entries(states))('a host that is %s', (name, life) => {
  it.each(Object.keys(matrix) as HostEvent['kind'][])('on %s', (event) => {
    expect(effectsOf(life, event)).toBe(matrix[event][name] ?? show(life));
  });
});

it('begins with the timer of its start', () => {
  expect(beginHost(times)).toEqual({ next: { kind: 'starting' }, effects: [{ kind: 'arm', ms: 11 }] });
});

it.each(['stop', 'refused', 'start-timeout', 'hang', 'unreachable', 'violation'])(
  'keeps the cause %s when patience ends',
  (cause) => {
    for (const stage of ['asked', 'terminated', 'killed'] as const) {
      expect(show(stepHost(stopping(stage, cause), { kind: 'kill' }, times).next)).toBe(`killed:${cause}`);
    }
  },
);

it('keeps the cause of its end through every stage', () => {
  let life = stepHost({ kind: 'starting' }, { kind: 'refused' }, times).next;
  for (const stage of ['asked', 'terminated', 'killed']) {
    expect(show(life)).toBe(`${stage}:refused`);
    life = stepHost(life, { kind: 'timeout' }, times).next;
  }
  expect(stepHost(life, { kind: 'exit' }, times).next).toEqual({ kind: 'exited' });
});
