import { expect, it } from 'vitest';
import { describeCard, placeOf, type Told } from '../../../src/crashes/describe-card.js';
import { bounded } from '../../../src/crashes/name-frames.js';
import { plainFrame } from '../../../src/stacks/raw-frame.js';
import { makeObject } from '../../helpers/death-evidence.js';

const object = makeObject(0x1000n, { base: 0n });
const frame = plainFrame({ address: 0x1123n, object, isReturn: false }, true);
const card = {
  id: 'm-20261130T120000Z-1',
  module: 'm',
  cause: 'crash' as const,
  frames: [frame],
  hasExited: false,
} satisfies Told;

it.each([
  ['file and line', { function: 'f', source: '/a/b.c', line: 3 }, 'f at b.c:3'],
  ['a line that is not known', { function: 'f', source: '/a/b.c', line: null }, 'f at b.c'],
  ['a symbol alone', { function: 'f', functionOffset: 18 }, 'f+0x12 of m.so'],
  ['no symbol', {}, 'm.so+0x1123'],
  ['no file', { object: null, offset: null }, 'unknown code at 0x1123'],
])('names a place by what is known of it: %s', (_, changes, text) => {
  expect(placeOf({ ...frame, ...changes })).toBe(text);
});

it('cuts a name of 5 MB', () => {
  expect(placeOf({ ...frame, function: 'x'.repeat(5 << 20) }).length).toBeLessThan(300);
});

it('says how it ended there, and what shows more', () => {
  const show = 'see: mesibo-modules crashes show m-20261130T120000Z-1';
  expect(`${describeCard(card, true)}`).toBe(`module m: crashed in m.so+0x1123; ${show}`);
  expect(`${describeCard({ ...card, cause: 'hang' }, true)}`).toContain('hung in');
  expect(`${describeCard({ ...card, cause: 'start', hasExited: true }, true)}`).toContain('ended in');
  expect(`${describeCard(card, false)}`).toBe('module m: crashed in m.so+0x1123');
  const unknown = { ...card, frames: [] };
  expect(`${describeCard(unknown, true)}`).toBe(
    'module m: what is known of this end: mesibo-modules crashes show m-20261130T120000Z-1',
  );
  expect(describeCard(unknown, false)).toBeNull();
});

it('keeps a card small, whatever the names are', () => {
  const long = { ...frame, function: 'f'.repeat(4096), source: 's'.repeat(4096) };
  const frames = bounded(Array.from({ length: 5000 }, () => long));
  expect(frames).toHaveLength(512);
  expect(JSON.stringify(frames).length).toBeLessThan(2 << 20);
  expect(frames[0]?.function).toBe(long.function);
});
