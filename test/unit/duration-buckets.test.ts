import { expect, it } from 'vitest';
import { DurationBuckets } from '../../src/duration-buckets.js';

it('a duration counts in each bucket that it does not exceed', () => {
  const buckets = new DurationBuckets([100, 1_000, 10_000]);
  for (const micros of [0, 100, 101, 1_000, 5_000, 10_001, 3_600_000_000]) buckets.record(micros);
  expect(buckets.read()).toEqual({
    bounds: [0.0001, 0.001, 0.01],
    counts: [2, 4, 5],
    total: 7,
    sumSeconds: (100 + 101 + 1_000 + 5_000 + 10_001 + 3_600_000_000) / 1e6,
  });
});

it('figures that were read do not change', () => {
  const buckets = new DurationBuckets([100]);
  const read = buckets.read();
  buckets.record(1);
  expect([read.counts, read.total]).toEqual([[0], 0]);
  expect([buckets.read().counts, buckets.read().total]).toEqual([[1], 1]);
});
