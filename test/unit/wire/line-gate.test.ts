import { expect, it } from 'vitest';
import { LineGate } from '../../../src/wire/line-gate.js';

const passed = (gate: LineGate, times: number[]) => times.filter((nowMs) => gate.admits(nowMs));

it('lets the same number pass in each second, from the first on', () => {
  expect(passed(new LineGate(2), [500, 500, 500, 1499, 1500, 1501, 1502, 9000])).toEqual([500, 500, 1500, 1501, 9000]);
});

it('lets all pass without a limit', () => {
  expect(passed(new LineGate(null), Array(10_000).fill(1))).toHaveLength(10_000);
});
