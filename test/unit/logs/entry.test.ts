import { expect, test } from 'vitest';
import { readLevel, splitLine } from '../../../src/logs/entry.js';

const entry = (msg: string) =>
  JSON.stringify({ level: 30, time: 1, module: null, generation: null, source: 'supervisor', msg });

test('half a line does not take the whole one behind it', () => {
  const half = entry('lost words').slice(0, 40);
  expect(splitLine(half + entry('next'))).toEqual([half, entry('next')]);
  for (const line of [entry('{"level":1}'), half, `${half}{"level":`, 'text of somebody'])
    expect(splitLine(line)).toEqual([line]);
});

test.each([
  ['warning', 'warn'],
  ['err', 'error'],
  ['notice', 'info'],
  ['crit', 'fatal'],
  ['warn', 'warn'],
  ['worse', null],
  ['toString', null],
])('the level %s is %s', (name, level) => expect(readLevel(name)).toBe(level));
