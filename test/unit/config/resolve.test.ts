import { describe, expect, it } from 'vitest';
import { isFile, resolveModule } from '../../../src/config/resolve.js';

const nothing = () => false;

describe('an explicit path', () => {
  it.each([
    ['/abs/x.so', '/abs/x.so'],
    ['x.so', '/etc/conf/x.so'],
    ['./x.so', '/etc/conf/x.so'],
    ['../x.so', '/etc/x.so'],
  ])('%s is taken as it is, there or not', (path, expected) => {
    const found = resolveModule({ name: 'm', path }, ['/lib'], '/etc/conf', nothing);
    expect(found).toEqual({ path: expected, lookedFor: [expected] });
  });
});

describe('a bare name', () => {
  const tried = [
    '/lib/a/mesibo_m.so',
    '/lib/a/mesibo_mod_m.so',
    '/lib/a/module_m.so',
    '/lib/a/m.so',
    '/etc/conf/b/mesibo_m.so',
    '/etc/conf/b/mesibo_mod_m.so',
    '/etc/conf/b/module_m.so',
    '/etc/conf/b/m.so',
  ];
  const search = (exists: (path: string) => boolean) =>
    resolveModule({ name: 'm', path: null }, ['/lib/a', 'b'], '/etc/conf', exists);

  it('is looked for directory by directory, name by name', () => {
    expect(search(nothing)).toEqual({ path: null, lookedFor: tried });
  });

  it.each(tried.map((path, index) => ({ path, index })))('is found as $path', ({ path, index }) => {
    expect(search((candidate) => candidate === path)).toEqual({ path, lookedFor: tried.slice(0, index + 1) });
  });

  it('is the first of several', () => {
    expect(search((path) => path.endsWith('/m.so') || path.includes('/b/')).path).toBe('/lib/a/m.so');
  });
});

describe('isFile', () => {
  it.each([
    [import.meta.filename, true],
    [import.meta.dirname, false],
    ['/no/such/file', false],
    [`${import.meta.filename}/below`, false],
    ['nul\0', false],
  ])('%j: %s', (path, expected) => expect(isFile(path)).toBe(expected));
});
