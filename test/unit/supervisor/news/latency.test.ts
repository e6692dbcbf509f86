import { expect, it } from 'vitest';
import { LatencyHistogram } from '../../../../src/supervisor/news/latency.js';

it('knows nothing before the first duration', () => {
  expect(new LatencyHistogram().quantile(0.5)).toBeNull();
});

it.each([1, 7, 100, 1234, 56_789, 5_000_000, 3_600_000_000])('is within 5% of %d microseconds', (micros) => {
  const histogram = new LatencyHistogram();
  histogram.record(micros);
  expect(Math.abs((histogram.quantile(0.99) as number) - micros)).toBeLessThanOrEqual(Math.max(1, micros * 0.05));
});

it('orders what it counted', () => {
  const histogram = new LatencyHistogram();
  for (let micros = 1; micros <= 1000; micros++) histogram.record(micros);
  const [p50, p99] = [histogram.quantile(0.5) as number, histogram.quantile(0.99) as number];
  expect(p50).toBeGreaterThan(450);
  expect(p50).toBeLessThan(550);
  expect(p99).toBeGreaterThan(930);
  expect(p99).toBeLessThan(1060);
});

it('takes zero and the absurd', () => {
  const histogram = new LatencyHistogram();
  for (const micros of [0, 0.3, Number.MAX_VALUE]) histogram.record(micros);
  expect(histogram.quantile(0)).toBe(1);
});
