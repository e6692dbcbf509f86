import { describe, expect, it } from 'vitest';
import { type ModuleEvent, type ModuleLife, stepModule } from '../../../../src/supervisor/module/module-lifecycle.js';
import { NO_HISTORY, type RestartDecision } from '../../../../src/supervisor/module/restart-policy.js';

const NOW = 1000;
const restart = (delayMs: number): RestartDecision => ({ kind: 'restart', delayMs, history: NO_HISTORY });
const fail: RestartDecision = { kind: 'fail', probeMs: 30, history: NO_HISTORY };

const states: Record<string, ModuleLife> = {
  stopped: { kind: 'stopped' },
  starting: { kind: 'starting' },
  serving: { kind: 'serving', sinceMs: 5 },
  backoff: { kind: 'backoff', untilMs: 2000 },
  failed: { kind: 'failed', untilMs: 2000 },
};

const events: Record<string, [event: ModuleEvent, desired: 'up' | 'down']> = {
  start: [{ kind: 'start' }, 'up'],
  stop: [{ kind: 'stop' }, 'down'],
  restart: [{ kind: 'restart' }, 'up'],
  ready: [{ kind: 'ready' }, 'up'],
  adopted: [{ kind: 'adopted' }, 'up'],
  'died, restart at once': [{ kind: 'died', decision: restart(0) }, 'up'],
  'died, restart later': [{ kind: 'died', decision: restart(7) }, 'up'],
  'died, intensity spent': [{ kind: 'died', decision: fail }, 'up'],
  'died after a stop': [{ kind: 'died', decision: restart(0) }, 'down'],
  'next try': [{ kind: 'next-try' }, 'up'],
  'next try after a stop': [{ kind: 'next-try' }, 'down'],
  timer: [{ kind: 'timer' }, 'up'],
};

const show = (life: ModuleLife) => ('untilMs' in life ? `${life.kind} until ${life.untilMs}` : life.kind);
const SPAWN = 'starting, disarm, spawn';

/** Every event in every state: the next state, then the effects. */
const matrix: Record<string, Record<string, string>> = {
  start: { stopped: SPAWN, backoff: SPAWN, failed: SPAWN },
  stop: {
    starting: 'starting, stop-host',
    serving: 'serving, stop-host',
    backoff: 'stopped, disarm',
    failed: 'stopped, disarm',
  },
  restart: {
    stopped: SPAWN,
    starting: 'starting, stop-host',
    serving: 'serving, stop-host',
    backoff: SPAWN,
    failed: SPAWN,
  },
  ready: { starting: 'serving' },
  adopted: {
    stopped: 'serving, disarm',
    starting: 'serving, disarm',
    serving: 'serving, disarm',
    backoff: 'serving, disarm',
    failed: 'serving, disarm',
  },
  'died, restart at once': { starting: SPAWN, serving: SPAWN },
  'died, restart later': { starting: 'backoff until 1007, arm 7', serving: 'backoff until 1007, arm 7' },
  'died, intensity spent': { starting: 'failed until 1030, arm 30', serving: 'failed until 1030, arm 30' },
  'died after a stop': { starting: 'stopped', serving: 'stopped' },
  'next try': { starting: SPAWN },
  'next try after a stop': { starting: 'stopped' },
  timer: { backoff: SPAWN, failed: SPAWN },
};

describe.each(Object.entries(states))('a module that is %s', (name, life) => {
  it.each(Object.entries(events))('on %s', (what, [event, desired]) => {
    const { next, effects } = stepModule(life, event, desired, NOW);
    const words = effects.map((effect) => (effect.kind === 'arm' ? `arm ${effect.ms}` : effect.kind));
    expect([show(next), ...words].join(', ')).toBe(matrix[what]?.[name] ?? show(life));
  });
});

it('remembers since when it serves', () => {
  expect(stepModule({ kind: 'starting' }, { kind: 'ready' }, 'up', NOW).next).toEqual({
    kind: 'serving',
    sinceMs: NOW,
  });
});
