import { expect, it } from 'vitest';
import { isOfModule, placesOf } from '../../../src/stacks/module-files.js';

const FILES = { path: '/srv/filter/filter.so', others: ['/state/builds/ab/filter/filter.so'] };

it.each([
  ['/srv/filter/filter.so', true],
  ['/state/builds/ab/filter/filter.so', true],
  ['/srv/filter/lib/libneighbour.so', true],
  ['/srv/filters/other.so', false],
  ['/usr/lib/x86_64-linux-gnu/libssl.so.3', false],
  ['/srv/filter/libstdc++.so.6', false],
  ['/lib/x86_64-linux-gnu/libc.so.6', false],
  [process.execPath, false],
  ['[vdso]', false],
])('%s belongs to the module: %s', (path, expected) => {
  expect(isOfModule(path, FILES)).toBe(expected);
});

it.each([
  ['/opt/plugin.so', true],
  ['/lib64/libc.so.6', false],
  [process.execPath, false],
  ['[vdso]', false],
])('without a known module, %s belongs to it: %s', (path, expected) => {
  expect(isOfModule(path, null)).toBe(expected);
});

it('the bytes of a file are looked for where the module was and is', () => {
  expect(placesOf('/srv/filter/filter.so (deleted)', FILES)).toEqual([
    '/srv/filter/filter.so',
    '/state/builds/ab/filter/filter.so',
  ]);
  expect(placesOf('/srv/filter/lib/libneighbour.so', FILES)).toEqual([
    '/srv/filter/lib/libneighbour.so',
    '/state/builds/ab/filter/lib/libneighbour.so',
  ]);
  expect(placesOf('/lib/libc.so.6', FILES)).toEqual(['/lib/libc.so.6']);
});
