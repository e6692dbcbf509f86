import { expect, it } from 'vitest';
import { findGrowth, type Sample } from '../../../bench/soak/memory.js';

const sample = (messages: number, rssBytes: number, descriptors = 100): Sample => {
  return { messages, restarts: 1, rssBytes, heapBytes: 1, externalBytes: 1, descriptors };
};

it('allows 10% after the first 100,000 messages, whatever was before and between', () => {
  const samples = [sample(99_999, 10), sample(100_000, 1000), sample(200_000, 5000)];
  expect(findGrowth([...samples, sample(300_000, 1100)])).toBeNull();
  expect(findGrowth([...samples, sample(300_000, 900)])).toBeNull();
});

it('says what has grown, and by how much', () => {
  const samples = [sample(150_000, 1000), sample(200_000, 1000)];
  expect(findGrowth([...samples, sample(300_000, 1101)])).toBe('resident memory grew by 10.1% after 150000 messages');
  expect(findGrowth([...samples, sample(300_000, 1000, 150)])).toBe(
    'open descriptors grew by 50.0% after 150000 messages',
  );
});

it('is not content with too few messages', () => {
  const words = 'nothing to compare: more than 100000 messages are needed';
  expect(findGrowth([])).toBe(words);
  expect(findGrowth([sample(10_000, 1), sample(20_000, 1)])).toBe(words);
  expect(findGrowth([sample(10_000, 1), sample(100_000, 1)])).toBe(words);
});
