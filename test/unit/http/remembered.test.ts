import { expect, it } from 'vitest';
import { RememberedSends } from '../../../src/http/sends/remembered.js';

it('each send has the place at which it was last shown', () => {
  const remembered = new RememberedSends(10);
  for (const id of ['a', 'b', 'a', 'c']) remembered.shown(id);
  expect(['a', 'b', 'c', 'd'].map((id) => remembered.placeOf(id))).toEqual([3, 2, 4, 0]);
  const readBy = (last: string) => ['a', 'b', 'c', 'd'].filter((id) => remembered.isRead(id, remembered.placeOf(last)));
  expect([readBy('a'), readBy('b'), readBy('d')]).toEqual([['a', 'b'], ['b'], []]);
});

it('a send to be shown again counts as unread until it is shown', () => {
  const remembered = new RememberedSends(10);
  for (const id of ['a', 'b']) remembered.shown(id);
  for (const id of ['a', 'b', 'never']) remembered.due(id);
  remembered.shown('a');
  expect(['a', 'b', 'never'].map((id) => remembered.isRead(id, remembered.placeOf('a')))).toEqual([true, false, false]);
  // It was shown all the same.
  expect(remembered.placeOf('b')).toBe(2);
});

it('when there are too many, the oldest that the server has finished are forgotten', () => {
  const remembered = new RememberedSends(2);
  for (const id of ['a', 'b', 'c']) remembered.shown(id);
  expect(['a', 'b', 'c'].map((id) => remembered.placeOf(id))).toEqual([1, 2, 3]);
  for (const id of ['b', 'c']) remembered.done(id);
  remembered.shown('d');
  expect(['a', 'b', 'c', 'd'].map((id) => remembered.placeOf(id))).toEqual([1, 0, 3, 4]);
});
