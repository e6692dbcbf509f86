import { expect, it } from 'vitest';
import { Losses } from '../../../src/sends/store/losses.js';

const HOUR_MS = 3_600_000;

it('a store that was put aside is a problem for an hour, or until its folder was removed', () => {
  const there = new Set(['/sends.damaged-1', '/sends.damaged-2']);
  const losses = new Losses((path) => there.has(path));
  losses.add({ text: 'first', aside: '/sends.damaged-1', sinceMs: 0 });
  losses.add({ text: 'removed', aside: null, sinceMs: 1 });
  losses.add({ text: 'second', aside: '/sends.damaged-2', sinceMs: 2 });
  expect(losses.problems(HOUR_MS - 1)).toEqual(['first', 'removed', 'second']);
  there.delete('/sends.damaged-2');
  expect(losses.problems(HOUR_MS - 1)).toEqual(['first', 'removed']);
  expect(losses.problems(HOUR_MS)).toEqual(['removed']);
  expect(losses.problems(HOUR_MS + 1)).toEqual([]);
});

it('no more than five are named', () => {
  const losses = new Losses(() => true);
  for (let i = 0; i < 9; i++) losses.add({ text: `${i}`, aside: null, sinceMs: 0 });
  expect(losses.problems(0)).toEqual(['0', '1', '2', '3', '4']);
});
