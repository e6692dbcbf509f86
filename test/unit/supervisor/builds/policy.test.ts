import { describe, expect, it, test } from 'vitest';
import type { Build } from '../../../../src/supervisor/builds/build.js';
import {
  buildToRepeat,
  chooseBuild,
  type EndOfStart,
  pickSource,
  stepAccepted,
} from '../../../../src/supervisor/builds/policy.js';

const build = (sha256: string): Build => ({ sha256, original: '/m/a.so', home: '/m', fileId: '1:2:3:4' });
const a = build('a');
const b = build('b');

describe('the accepted build', () => {
  it('is the one that serves, or that has taken over', () => {
    expect(stepAccepted({ kind: 'served', build: a })).toBe(a);
    expect(stepAccepted({ kind: 'served', build: null })).toBeNull();
  });

  it.each(['ordered', 'gave-up'] as const)('no longer exists once the module is %s', (kind) => {
    expect(stepAccepted({ kind })).toBeNull();
  });
});

test('a host loads the accepted build; without one, the build whose start is repeated, or else the present file', () => {
  expect(chooseBuild(null, null)).toEqual({ kind: 'present' });
  expect(chooseBuild(a, null)).toEqual({ kind: 'accepted', build: a });
  expect(chooseBuild(null, b)).toEqual({ kind: 'accepted', build: b });
  expect(chooseBuild(a, b)).toEqual({ kind: 'accepted', build: b });
});

test.each([
  ['a', 'a', 'original'],
  ['a', null, 'original'],
  ['a', 'b', 'original'],
  ['b', 'a', 'kept'],
  [null, 'a', 'kept'],
  ['b', 'b', 'lost'],
  ['b', null, 'lost'],
  [null, null, 'lost'],
])('a build "a" with %s in its file and %s in its copy: %s', (original, kept, source) => {
  expect(pickSource({ wanted: 'a', original, kept })).toBe(source);
});

describe('a start is repeated', () => {
  const end: EndOfStart = { isFailedStart: true, refusedChange: false, overwritten: false, build: a, repeats: 0 };

  it.each<[string, Partial<EndOfStart>, Build | null]>([
    ['when the host refused a file that had changed', { refusedChange: true }, a],
    ['when its file was overwritten under it', { overwritten: true }, a],
    ['not when nothing happened to its file', {}, null],
    ['not when it had served', { overwritten: true, isFailedStart: false }, null],
    ['not when nobody knows what it loaded', { overwritten: true, build: null }, null],
    ['three times', { overwritten: true, repeats: 2 }, a],
    ['not a fourth time', { overwritten: true, repeats: 3 }, null],
  ])('%s', (_, changes, expected) => {
    expect(buildToRepeat({ ...end, ...changes })).toBe(expected);
  });
});
