import { expect, it } from 'vitest';
import { SendEnds } from '../../../src/http/sends/ends.js';

it('each server has its own ends, and the last word holds', () => {
  const ends = new SendEnds(10, 10);
  ends.put('one', 'a', 'acknowledged');
  ends.put('two', 'a', 'refused');
  ends.put('one', 'a', 'failed');
  expect([ends.of('one', 'a'), ends.of('two', 'a'), ends.of('one', 'b'), ends.of('three', 'a')]).toEqual([
    'failed',
    'refused',
    null,
    null,
  ]);
});

it('when there are too many, the oldest ends are forgotten, and the servers whose last end is oldest', () => {
  const ends = new SendEnds(2, 2);
  for (const id of ['a', 'b', 'a', 'c']) ends.put('one', id, 'acknowledged');
  expect(['a', 'b', 'c'].map((id) => ends.of('one', id))).toEqual(['acknowledged', null, 'acknowledged']);
  ends.put('two', 'a', 'refused');
  ends.put('one', 'd', 'refused');
  ends.put('three', 'a', 'refused');
  expect(['one', 'two', 'three'].map((server) => ends.of(server, server === 'one' ? 'd' : 'a'))).toEqual([
    'refused',
    null,
    'refused',
  ]);
});
