import { expect, it } from 'vitest';
import { readOptions } from '../../../bench/soak/options.js';

it('has defaults for both forms, and takes the seed that it is given', () => {
  expect(readOptions([], 9)).toEqual({
    kind: 'soak',
    messages: 100_000,
    kills: 200,
    replicas: 1,
    seed: 9,
    attack: false,
  });
  expect(readOptions(['--attack'], 9)).toEqual({
    kind: 'soak',
    messages: 200_000,
    kills: 200,
    replicas: 1,
    seed: 9,
    attack: true,
  });
  expect(readOptions(['--memory'], 9)).toEqual({ kind: 'memory', messages: 1_000_000, restarts: 500, seed: 9 });
});

it('takes the given options', () => {
  expect(readOptions(['--messages', '10', '--kills=0', '--seed', '3'], 9)).toEqual({
    kind: 'soak',
    messages: 10,
    kills: 0,
    replicas: 1,
    seed: 3,
    attack: false,
  });
  expect(readOptions(['--sends', '--cuts', '5'], 9)).toMatchObject({
    kind: 'sends',
    messages: 100_000,
    kills: 20,
    cuts: 5,
  });
  expect(readOptions(['--memory', '--restarts', '5'], 9)).toMatchObject({ kind: 'memory', restarts: 5 });
});

it.each([
  [['--messages', 'many'], 'found --messages many, expected a whole number'],
  [['--kills', '-1'], /--kills/],
  [['--restarts', '5'], 'expected --memory with it'],
  [['--memory', '--kills', '5'], 'goes without --memory'],
  [['--memory', '--attack'], 'goes without --memory'],
  [['--sends', '--attack'], 'goes without --attack and --memory'],
  [['--sends', '--restarts', '5'], 'expected --memory with it'],
  [['--cuts', '5'], 'expected --sends with it'],
  [['--replicas', '0'], 'expected 1 to 16'],
  [['--replicas', '4', '--memory'], 'goes without --memory and --sends'],
  [['--other'], /--other/],
  [['10'], /10/],
])('refuses %j', (args, words) => {
  expect(() => readOptions(args, 9)).toThrow(words);
});
