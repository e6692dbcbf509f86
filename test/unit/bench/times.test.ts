import { expect, it } from 'vitest';
import { Times } from '../../../bench/speed/figures/times.js';

it('a percentile is one of the times, within 1%', () => {
  const times = new Times();
  for (let micros = 1; micros <= 1000; micros++) times.add(micros);
  expect(times.count).toBe(1000);
  for (const [share, micros] of [
    [0, 1],
    [0.5, 500],
    [0.99, 990],
    [1, 1000],
  ] as const) {
    expect(times.percentile(share) / micros).toBeGreaterThan(0.99);
    expect(times.percentile(share) / micros).toBeLessThan(1.01);
  }
});

it('without a time it is 0', () => {
  expect(new Times().percentile(0.5)).toBe(0);
});

it('the shortest and the longest times count too', () => {
  const times = new Times();
  for (const micros of [0, 0.01, 1e12]) times.add(micros);
  expect(times.count).toBe(3);
  expect(times.percentile(0)).toBeLessThan(0.11);
  expect(times.percentile(1)).toBeGreaterThan(3.6e9);
});
