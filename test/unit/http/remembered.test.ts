import { expect, it } from 'vitest';
import { RememberedSends } from '../../../src/http/sends/remembered.js';

it('each has the place at which it was shown first', () => {
  const remembered = new RememberedSends(10);
  for (const id of ['a', 'b', 'a', 'c']) remembered.shown(id);
  expect(['a', 'b', 'c', 'd'].map((id) => remembered.placeOf(id))).toEqual([1, 2, 3, 0]);
});

it('of too many the oldest are forgotten that the server has done with', () => {
  const remembered = new RememberedSends(2);
  for (const id of ['a', 'b', 'c']) remembered.shown(id);
  expect(['a', 'b', 'c'].map((id) => remembered.placeOf(id))).toEqual([1, 2, 3]);
  for (const id of ['b', 'c']) remembered.done(id);
  remembered.shown('d');
  expect(['a', 'b', 'c', 'd'].map((id) => remembered.placeOf(id))).toEqual([1, 0, 3, 4]);
});
