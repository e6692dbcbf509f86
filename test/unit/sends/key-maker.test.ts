import { expect, it } from 'vitest';
import { KeyMaker } from '../../../src/sends/key-maker.js';

it('keys grow, whatever the clock does, and stay numbers that are exact', () => {
  let wallMs = Date.UTC(2026, 10, 29);
  const keys = new KeyMaker(() => wallMs);
  const made: number[] = [];
  const make = () => made.push(keys.next());
  for (let i = 0; i < 3000; i++) make();
  for (const jumpMs of [5, -3_600_000, 1e15, -1e15, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    wallMs = Number.isFinite(jumpMs) ? wallMs + jumpMs : jumpMs;
    make();
    make();
  }
  expect(made).toEqual([...new Set(made)].sort((a, b) => a - b));
  expect(made.every(Number.isSafeInteger)).toBe(true);
});

it('keys of the next core are above those of the one before, also when the clock was set back', () => {
  const before = new KeyMaker(() => 2_000_000);
  const after = new KeyMaker(() => 1_000_000);
  const last = before.next();
  after.skip(last);
  expect(after.next()).toBe(last + 1);
});
