import { expect, it } from 'vitest';
import { readOptions } from '../../../bench/speed/options.js';

it('without arguments every row runs seven times, and no file is written', () => {
  expect(readOptions([])).toEqual({
    pattern: /(?:)/,
    rounds: 7,
    quick: false,
    json: null,
    svg: null,
    profile: null,
  });
});

it('reads what is given', () => {
  const options = readOptions(['^ours', '--rounds', '3', '--json', 'a', '--svg', 'b']);
  expect(options).toMatchObject({ pattern: /^ours/, rounds: 3, json: 'a', svg: 'b' });
});

it.each([[['--quick']], [['--profile', 'folder']]])('%j is one round', (args) => {
  expect(readOptions(args).rounds).toBe(1);
  expect(readOptions([...args, '--rounds', '2']).rounds).toBe(2);
});

it.each([
  [['a', 'b'], 'found 2 patterns, expected one'],
  [['('], 'found the pattern (, expected a regular expression'],
  [['--rounds', '0'], 'found --rounds 0, expected a whole number above 0'],
  [['--rounds', 'x'], 'found --rounds x'],
  [['--fast'], "Unknown option '--fast'"],
])('refuses %j', (args, message) => {
  expect(() => readOptions(args)).toThrow(message);
});
