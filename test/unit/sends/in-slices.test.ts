import { expect, it } from 'vitest';
import { inSlices } from '../../../src/sends/in-slices.js';

it('work in slices goes through everything in order, and lets other work go on in between', async () => {
  const all = Array.from({ length: 2500 }, (_, i) => i);
  const done: number[] = [];
  const seen: number[] = [];
  let isOver = false;
  const others = (async () => {
    while (!isOver) {
      seen.push(done.length);
      await new Promise(setImmediate);
    }
  })();
  let turns = 0;
  await inSlices(
    all,
    (one) => done.push(one),
    () => {
      turns += 1;
    },
  );
  isOver = true;
  await others;
  expect(done).toEqual(all);
  expect(turns).toBe(2);
  expect(seen).toEqual(expect.arrayContaining([1000, 2000]));
});

it('work on nothing is done at once', async () => {
  await inSlices(
    [],
    () => expect.unreachable(),
    () => expect.unreachable(),
  );
});
