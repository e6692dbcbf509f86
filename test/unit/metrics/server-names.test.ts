import { expect, it } from 'vitest';
import { OTHERS, ServerNames } from '../../../src/metrics/server-names.js';
import type { ServerStatus } from '../../../src/supervisor/types.js';

const server = (name: string): ServerStatus => {
  return { name, connections: 1, takesSends: false, inProgress: 2, unacknowledged: 3 };
};

it('the first names have values of their own, and the rest share one', () => {
  const names = new ServerNames(2);
  const taking = { ...server('d'), takesSends: true };
  expect(names.bound([server('a'), server('b'), server('c'), taking])).toEqual([
    server('a'),
    server('b'),
    { name: OTHERS, connections: 2, takesSends: true, inProgress: 4, unacknowledged: 6 },
  ]);
});

it('a name keeps its values when its server was away', () => {
  const names = new ServerNames(2);
  names.bound([server('a'), server('b')]);
  expect(names.bound([server('c')])).toEqual([{ ...server('c'), name: OTHERS }]);
  expect(names.bound([server('b')])).toEqual([server('b')]);
});

it('a server that has another name each time it connects does not make names without end', () => {
  const names = new ServerNames();
  const seen = new Set<string>();
  for (let i = 0; i < 10_000; i++) for (const { name } of names.bound([server(`xmpp-${i}`)])) seen.add(name);
  expect(seen.size).toBe(65);
});

it('a name without a server for an hour gives back its place', () => {
  const clock = { nowMs: 0 };
  const names = new ServerNames(2, () => clock.nowMs);
  names.bound([server('a'), server('b')]);
  clock.nowMs += 3_600_000;
  expect(names.bound([server('b'), server('c')])).toEqual([server('b'), { ...server('c'), name: OTHERS }]);
  clock.nowMs += 1;
  expect(names.bound([server('c'), server('d')])).toEqual([server('c'), { ...server('d'), name: OTHERS }]);
});
