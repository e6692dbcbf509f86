import { expect, it } from 'vitest';
import { takeAll, takeAllInTurn } from '../../src/to-the-end.js';

const fail = (text: string) => () => {
  throw new Error(text);
};

it('takes the steps after one that fails, and throws the first error', () => {
  const taken: string[] = [];
  expect(() => takeAll(fail('one'), () => void taken.push('two'), fail('three'))).toThrow('one');
  expect(taken).toEqual(['two']);
});

it('takes asynchronous steps one after the other', async () => {
  const taken: string[] = [];
  const slow = async () => {
    await new Promise((done) => setImmediate(done));
    taken.push('slow');
  };
  await expect(takeAllInTurn(slow, fail('one'), () => void taken.push('last'))).rejects.toThrow('one');
  expect(taken).toEqual(['slow', 'last']);
});
