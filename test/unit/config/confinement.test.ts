import { describe, expect, it } from 'vitest';
import { isConfined } from '../../../src/config/confinement.js';
import { describeSpec } from '../../../src/config/describe.js';
import { parseConfig } from '../../../src/config/load.js';
import { makeConfig } from '../../../src/config/make.js';
import type { ModuleSpec } from '../../../src/config/types.js';

const read = (block: string) => parseConfig(`module m {\n${block}\n}`, '/etc/mesibo/mesibo.conf', () => false);
const module = (block: string) => read(block).modules[0] as ModuleSpec;

it('reads limits and sandbox', () => {
  const spec = module(`
    limits { memory = 256MiB ; nofile = 1024 ; nproc = 64 ; core = 0 }
    sandbox { user = nobody ; no_new_privs = yes ; network = none ; filesystem = private }`);
  expect(spec.limits).toEqual({ memoryBytes: 256 * 1024 ** 2, nofile: 1024, nproc: 64, coreBytes: 0 });
  expect(spec.sandbox).toEqual({ user: 'nobody', noNewPrivs: true, network: 'none', filesystem: 'private' });
  expect(isConfined(spec)).toBe(true);
  expect(spec.config).toEqual([]);
});

it('a module without them may do what the core may', () => {
  const spec = module('');
  expect(spec.limits).toEqual({ memoryBytes: null, nofile: null, nproc: null, coreBytes: null });
  expect(spec.sandbox).toEqual({ user: null, noNewPrivs: false, network: 'inherit', filesystem: 'inherit' });
  expect(isConfined(spec)).toBe(false);
  expect(isConfined(module('limits { memory = inherit } sandbox { user = inherit ; network = inherit }'))).toBe(false);
});

it.each([
  ['limits { memory = 1MiB }', /limits: found "1MiB" for memory, expected a size from 64MiB/],
  ['limits { memory = 256M }', /expected a size such as 64KiB, .* \(256MiB\?\), or inherit/],
  ['limits { nproc = 3 }', /limits: found "3" for nproc, expected a whole number from 32/],
  ['limits { nofile = many }', /expected a whole number such as 256, without a unit, or inherit/],
  ['sandbox { user = "two words" }', /sandbox: found "two words" for user, expected the name or the number of a user/],
  ['sandbox { user = -rf }', /expected the name or the number of a user/],
  ['sandbox { no_new_privs = maybe }', /expected yes or no/],
  ['sandbox { network = lo }', /expected inherit or none/],
  ['sandbox { filesystem = ro }', /expected inherit, read-only or private/],
  ['sha256 = abc', /expected 64 hexadecimal digits/],
  ['max_rss = 1MiB', /expected a size from 64MiB to 1024GiB, or off/],
])('refuses %s', (block, says) => {
  expect(() => read(block)).toThrow(says);
});

it('an unknown setting of such a section is an error, because the module would run with less around it', () => {
  expect(() => read('limits { memroy = 64MiB }')).toThrow(/found "memroy" in limits \{ \}, did you mean memory\?/);
  expect(() => read('sandbox { seccomp = yes }')).toThrow(
    /found "seccomp" in sandbox \{ \}, expected user, no_new_privs, network, filesystem/,
  );
});

it('the last of two settings holds, with a warning', () => {
  const config = read('limits { nofile = 100 }\nlimits { nofile = 200 }');
  expect(config.modules[0]?.limits.nofile).toBe(200);
  expect(config.warnings).toMatchObject([{ message: expect.stringMatching(/limits: nofile is set twice/) }]);
});

it('a digest may have capital letters', () => {
  expect(module(`sha256 = ${'AB'.repeat(32)}`).sha256).toBe('ab'.repeat(32));
  expect(module('sha256 = any').sha256).toBeNull();
});

describe('describes them', () => {
  const text = 'limits { memory = 256MiB } sandbox { network = none }';

  it('with their sections, as a file would have them, and where they come from', () => {
    const settings = describeSpec(module(text)).settings.filter(({ key }) => key.includes('.'));
    expect(settings.map(({ key, value }) => `${key} = ${value}`)).toEqual([
      'limits.memory = 256MiB',
      'limits.nofile = inherit',
      'limits.nproc = inherit',
      'limits.core = inherit',
      'sandbox.user = inherit',
      'sandbox.no_new_privs = no',
      'sandbox.network = none',
      'sandbox.filesystem = inherit',
    ]);
    expect(settings.filter(({ origin }) => origin !== 'default').map(({ key }) => key)).toEqual([
      'limits.memory',
      'sandbox.network',
    ]);
  });

  it('of a program as well, which has the same limits', () => {
    const [spec] = makeConfig({ modules: [{ name: 'm', path: '/m.so', limits: { nofile: 100 } }] }).modules;
    const found = describeSpec(spec as ModuleSpec).settings.find(({ key }) => key === 'limits.nofile');
    expect(found).toMatchObject({ value: '100', origin: 'program' });
    const wrong = { name: 'm', path: '/m.so', limits: { nofile: 1 } };
    expect(() => makeConfig({ modules: [wrong] })).toThrow(/limits: nofile: expected a whole number from 64/);
  });
});
