import { expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/load.js';
import { type ReadinessFacts, readinessOf } from '../../../src/core/readiness.js';

const config = parseConfig('module a {}\nmodule b { on_failure = consume }', '/x/mesibo.conf', () => false);
type Facts = ReadinessFacts['modules'][number];
const up = (name: string, more: Partial<Facts> = {}): Facts => ({
  name,
  shadowOf: null,
  state: 'serving',
  desired: 'up',
  lastError: null,
  ...more,
});
const of = (phase: ReadinessFacts['phase'], ...modules: Facts[]) => {
  const { outline: _, ...words } = readinessOf({ phase, modules, config });
  return words;
};
const outlineOf = (phase: ReadinessFacts['phase'], ...modules: Facts[]) =>
  readinessOf({ phase, modules, config }).outline;

it('a core that runs with all its modules is ready', () => {
  expect(of('running', up('a'), up('b', { state: 'replacing' }))).toEqual({ reasons: [], notes: [] });
  expect(of('running')).toEqual({ reasons: [], notes: [] });
});

it('it is not while it starts or stops', () => {
  expect(of('starting')).toEqual({ reasons: ['the core is starting'], notes: [] });
  const starting = of('starting', up('a', { state: 'starting' }), up('b', { state: 'starting' }));
  expect(starting.reasons).toEqual(['the core is starting, and waits for a, b']);
  expect(of('stopping', up('a', { state: 'stopped' }))).toEqual({ reasons: ['the core is stopping'], notes: [] });
});

it('a module that is down keeps it from being ready only when messages are dropped for that', () => {
  const lastError = 'module a was ended by SIGSEGV\nin on_message';
  expect(of('running', up('a', { state: 'failed', lastError }), up('b'))).toEqual({
    reasons: [],
    notes: ['module a has failed, and on_failure = pass lets its messages through (module a was ended by SIGSEGV)'],
  });
  expect(of('running', up('a'), up('b', { state: 'backoff', lastError: 'x' }))).toEqual({
    reasons: ['module b waits for its next start, and on_failure = consume drops its messages (x)'],
    notes: [],
  });
  expect(of('running', up('b', { state: 'stopped', desired: 'down', lastError: 'x' }))).toEqual({
    reasons: ['module b is stopped by an operator, and on_failure = consume drops its messages'],
    notes: [],
  });
});

it('the outline has counts, and nothing of modules', () => {
  const lastError = 'module secret was ended by SIGSEGV';
  expect(outlineOf('running', up('a'), up('b'))).toEqual({ reasons: [], notes: [] });
  expect(outlineOf('starting', up('a', { state: 'starting' }))).toEqual({
    reasons: ['the core is starting'],
    notes: [],
  });
  expect(outlineOf('stopping')).toEqual({ reasons: ['the core is stopping'], notes: [] });
  const down = { state: 'failed', lastError } as const;
  expect(outlineOf('running', up('a', down), up('c', down), up('b', down))).toEqual({
    reasons: ['1 module does not serve, so messages are dropped'],
    notes: ['2 modules do not serve, so messages pass without them'],
  });
});

it('a shadow that is down keeps nobody from anything, and is not waited for', () => {
  const down = up('b', { shadowOf: 'a', state: 'failed' });
  expect(of('running', up('a'), down)).toEqual({ reasons: [], notes: [] });
  expect(of('starting', up('a'), up('b', { shadowOf: 'a', state: 'starting' })).reasons).toEqual([
    'the core is starting',
  ]);
});
