import { expect, it } from 'vitest';
import { findGrowth, type Sample } from '../../../bench/soak/memory.js';

const sample = (rssBytes: number, descriptors = 100): Sample => {
  return { messages: 1, restarts: 1, rssBytes, heapBytes: 1, externalBytes: 1, descriptors };
};

it('allows 10% after the first tenth, whatever was between', () => {
  expect(findGrowth([sample(1000), sample(5000), sample(1100)])).toBeNull();
  expect(findGrowth([sample(1000), sample(900)])).toBeNull();
});

it('says what has grown, and by how much', () => {
  expect(findGrowth([sample(1000), sample(1000), sample(1101)])).toBe(
    'resident memory grew by 10.1% after the first tenth',
  );
  expect(findGrowth([sample(1000, 100), sample(1000, 150)])).toBe(
    'open descriptors grew by 50.0% after the first tenth',
  );
  expect(findGrowth([])).toBe('nothing was measured');
});
