import { expect, it } from 'vitest';
import { waitAfter } from '../../../src/webhook/backoff.js';

it('waits twice as long after each failure, up to a minute', () => {
  expect([1, 2, 3, 4, 10, 11, 1000, 1e9].map((failures) => waitAfter(failures, 0))).toEqual([
    100, 200, 400, 800, 51_200, 60_000, 60_000, 60_000,
  ]);
});

it('leaves a quarter of the wait to chance', () => {
  expect([0, 0.5, 1].map((chance) => waitAfter(4, chance))).toEqual([800, 700, 600]);
});
