import { expect, it } from 'vitest';
import { describeLastCrash } from '../../../../cli/render/last-crash.js';

const place = { function: 'boom', source: '/src/m.c', line: 42 };
const nowhere = { function: null, source: null, line: null };

it.each([
  [{ id: 'm-1', ...place }, 'its last crash was in boom at m.c:42: mesibo-modules crashes show m-1'],
  [{ id: 'm-1', ...nowhere }, 'its last crash: mesibo-modules crashes show m-1'],
  [{ id: null, ...place }, 'its last crash was in boom at m.c:42, and its card could not be written'],
])('%j', (lastCrash, says) => {
  expect(`${describeLastCrash({ lastCrash })}`).toBe(says);
});

it('says nothing of a crash of which nothing is known', () => {
  expect(describeLastCrash({ lastCrash: { id: null, ...nowhere } })).toBeNull();
  expect(describeLastCrash({ lastCrash: null })).toBeNull();
});
