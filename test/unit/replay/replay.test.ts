import { expect, it } from 'vitest';
import { putTogether } from '../../../src/replay/recorded.js';
import { isSameDeath } from '../../../src/replay/replay.js';
import { call, card, frame, keptCall } from '../../helpers/crash-cards.js';

it('puts calls and bodies together, and says which are missing', () => {
  const before = card({ calls: [5, 6, 7].map((seq) => call({ seq, id: `${seq}` })), message: call() });
  const login = keptCall('', { seq: 6, kind: 'login', scalars: { flags: '3' }, to: null });
  const { calls, missing, hasLast } = putTogether(before, [keptCall('last'), login]);
  expect(missing.map(({ seq }) => seq)).toEqual([5]);
  expect(hasLast).toBe(true);
  expect(calls.map(({ kind, numbers, payload }) => [kind, numbers, `${payload}`])).toEqual([
    ['login', { flags: 3n }, ''],
    ['message', { id: 4711n }, 'last'],
  ]);
});

it('without the body of the last call there is nothing to replay, but a death in no call needs none', () => {
  expect(putTogether(card(), [keptCall('other', { seq: 6 })]).hasLast).toBe(false);
  expect(putTogether(card({ message: null, callback: 'init', calls: [] }), [])).toMatchObject({
    hasLast: true,
    calls: [],
  });
  const http = keptCall('', { kind: 'http' });
  expect(putTogether(card({ message: call({ kind: 'http' }) }), [http])).toMatchObject({ hasLast: false, calls: [] });
});

const hang = { cause: 'hang' as const, signal: 'SIGKILL' };
const exit = { cause: 'exit' as const, signal: null, exitCode: 7 };
const bare = frame({ function: null, source: null, line: null });

it.each([
  [{}, {}, true],
  [{}, { signal: 'SIGABRT' }, false],
  [{}, { frames: [frame({ line: 43 })] }, false],
  [{}, { frames: [frame({ object: '/copy/of/module_filter.so', address: '0x1' })] }, true],
  [{ frames: [bare] }, {}, true],
  [{ frames: [bare] }, { frames: [frame({ offset: '0x9' })] }, false],
  [{ frames: [] }, {}, true],
  [{ frames: [] }, { callback: 'on_login' }, false],
  [hang, { ...hang, signal: null, frames: [frame({ line: 50, offset: '0x50' })] }, true],
  [hang, { ...hang, frames: [frame({ function: 'other' })] }, false],
  [hang, {}, false],
  [exit, exit, true],
  [exit, { ...exit, exitCode: 0 }, false],
])('%j and then %j', (before, now, isSame) => {
  expect(isSameDeath(card(before), card(now))).toBe(isSame);
});
