import { expect, it } from 'vitest';
import { column, divide, median, pair, type Samples, summarize } from '../../../bench/speed/figures/statistics.js';

it.each([
  [[3], 3],
  [[9, 1, 5], 5],
  [[4, 1, 2, 100], 3],
  [[10, 9], 9.5],
])('the median of %j is %d', (list, expected) => {
  const given = [...list];
  expect(median(list)).toBe(expected);
  expect(list).toEqual(given);
});

it('the median of nothing is no number', () => {
  expect(median([])).toBeNaN();
});

it('a figure leaves out the rounds that failed', () => {
  expect(summarize([5, null, 1, 9])).toEqual({ median: 5, least: 1, most: 9, rounds: 3 });
  expect(summarize([null, Number.NaN, Number.POSITIVE_INFINITY])).toBeNull();
  expect(summarize([])).toBeNull();
});

it('a ratio is taken within a round, and only where both were measured', () => {
  expect(pair([10, 20, null, 40], [5, 2, 3, null], divide)).toEqual([2, 10, null, null]);
  expect(pair([10, 20], [5], divide)).toEqual([2, null]);
  // The ratio of the medians would be 1.
  expect(summarize(pair([1, 10, 100], [100, 10, 1], (left, right) => left - right))?.median).toBe(0);
});

it('a column has null for a failed round and for a name that a row does not have', () => {
  const samples: Samples = new Map([['row', [{ rate: 1 }, null, { p50: 2 }]]]);
  expect(column(samples, 'row', 'rate')).toEqual([1, null, null]);
  expect(column(samples, 'none', 'rate')).toEqual([]);
});
