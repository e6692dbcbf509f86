import { expect, it } from 'vitest';
import { runLoad } from '../../../bench/soak/load.js';

const load = { first: 3, last: 12, concurrency: 4, patienceMs: 60_000 };

it('offers every message once, in order, with a limited number in progress', async () => {
  const offered: number[] = [];
  let underway = 0;
  let most = 0;
  await runLoad({
    ...load,
    offer: async (number) => {
      offered.push(number);
      most = Math.max(most, ++underway);
      await new Promise(setImmediate);
      underway -= 1;
    },
  });
  expect(offered).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  expect(most).toBe(4);
  expect(underway).toBe(0);
});

it('gives up a message without an answer, and goes on', async () => {
  const offered: number[] = [];
  const offer = (number: number): Promise<void> => {
    offered.push(number);
    return number === 5 ? new Promise(() => {}) : Promise.resolve();
  };
  await runLoad({ ...load, concurrency: 1, patienceMs: 1, offer });
  expect(offered).toHaveLength(10);
});

it('fails with the error of an offer', async () => {
  const offer = (number: number): Promise<void> => {
    return number === 5 ? Promise.reject(new Error('refused')) : Promise.resolve();
  };
  await expect(runLoad({ ...load, offer })).rejects.toThrow('refused');
});
