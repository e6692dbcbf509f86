import { afterEach, beforeEach, expect, it } from 'vitest';
import { UnsafeBoxes } from '../../../../../../src/supervisor/runner/local/black-box/unsafe-boxes.js';

let done: string[];
let asked: ((isSafe: boolean) => void)[];
let heard: () => void;
let boxes: UnsafeBoxes;
beforeEach(() => {
  done = [];
  asked = [];
  boxes = new UnsafeBoxes({
    isSafe: () =>
      new Promise((resolve) => {
        asked.push(resolve);
        heard?.();
      }),
    dropped: (limit) => done.push(`dropped beyond ${limit}`),
    everyMs: 1,
  });
});
afterEach(() => boxes.close());

const box = (name: string) => ({ close: () => done.push(`${name} removed`), leave: () => done.push(`${name} left`) });
const nextQuestion = () =>
  new Promise<(isSafe: boolean) => void>((resolve) => {
    heard = () => resolve(asked.at(-1) as (isSafe: boolean) => void);
  });

it('they stay until they are safe and are then removed, except for a box that came meanwhile', async () => {
  boxes.keep(box('1'));
  (await nextQuestion())(false);
  const answer = await nextQuestion();
  expect(done).toEqual([]);
  boxes.keep(box('2'));
  answer(true);
  await new Promise(setImmediate);
  expect(done).toEqual(['1 removed']);
});

it('the oldest goes when there are too many', () => {
  for (let i = 1; i <= 17; i++) boxes.keep(box(`${i}`));
  expect(done).toEqual(['1 removed', 'dropped beyond 16']);
});

it('they are left to the next core at the end, as are boxes that come later', () => {
  boxes.keep(box('1'));
  boxes.close();
  boxes.keep(box('2'));
  expect(done).toEqual(['1 left', '2 left']);
});
