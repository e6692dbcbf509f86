import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeConfig } from '../../../src/config/make.js';
import { catchConfigError, parse } from './helpers.js';

const nothing = () => false;

describe('makeConfig', () => {
  it('has the defaults of the file', () => {
    const made = makeConfig({ modules: [{ name: 'm' }] }, nothing);
    const read = parse('module = m');
    const position = { file: 'configuration', line: 0, column: 0 };
    expect(made).toEqual({ ...read, file: null, modules: read.modules.map((module) => ({ ...module, position })) });
  });

  it('takes what is set, undefined standing for the default', () => {
    const made = makeConfig({
      logKeep: 2,
      chainDeadlineMs: undefined,
      modules: [
        { name: 'a', path: 'a.so', hangMs: null, maxCrashes: null, deadlineMs: 7, config: { x: '1', y: '' } },
        {
          name: 'b',
          path: '/b.so',
          abi: 'table',
          config: [
            ['x', '1'],
            ['x', '2'],
          ],
        },
      ],
    });
    expect(made).toMatchObject({ file: null, logKeep: 2, chainDeadlineMs: 5000, warnings: [] });
    expect(made.modules).toMatchObject([
      {
        name: 'a',
        path: resolve('a.so'),
        hangMs: null,
        maxCrashes: null,
        deadlineMs: 7,
        config: [
          ['x', '1'],
          ['y', ''],
        ],
      },
      {
        name: 'b',
        path: '/b.so',
        abi: 'table',
        config: [
          ['x', '1'],
          ['x', '2'],
        ],
      },
    ]);
  });

  it('finds modules in relative directories', () => {
    const path = resolve('lib/m.so');
    const made = makeConfig({ moduleDir: ['lib'], modules: [{ name: 'm' }] }, (candidate) => candidate === path);
    expect(made.moduleDir).toEqual([resolve('lib')]);
    expect(made.modules[0]?.path).toBe(path);
  });

  it.each<[object, string]>([
    [
      { modules: [{ name: 'a' }, { name: 'b', deadlineMs: 0 }] },
      'module "b": deadlineMs: expected a duration from 1ms',
    ],
    [{ modules: [{ name: 'b', deadlineMs: '1s' }] }, 'module "b": deadlineMs: expected a duration'],
    [{ modules: [{ name: 'b', window: 1.5 }] }, 'module "b": window: expected a whole number'],
    [{ modules: [{ name: 'b', window: Number.NaN }] }, 'module "b": window: expected a whole number'],
    [{ modules: [{ name: 'b', backoff: { minMs: 2, maxMs: 1 } }] }, 'module "b": backoff: expected two durations'],
    [{ modules: [{ name: 'b', replicas: 65 }] }, 'module "b": replicas: expected a whole number from 1 to 64'],
    [{ modules: [{ name: 'b', broadcast: ['logins'] }] }, 'module "b": broadcast: 0: expected login, call'],
    [{ modules: [{ name: 'b', abi: 'exports-2021' }] }, 'module "b": abi: expected auto, table, exports-2019 or'],
    [{ modules: [{ name: 'b', deadline: 1 }] }, 'module "b": found the unknown option deadline'],
    [{ modules: [{ name: 'b', config: { x: 1 } }] }, 'module "b": config: expected an object of strings'],
    [{ modules: [{ name: 'b', config: { x: 'a\0' } }] }, 'module "b": config: expected an object of strings'],
    [{ modules: [{ name: 'b', env: { 'A B': '1' } }] }, 'expected the name of an environment variable'],
    [{ modules: [{ name: 'b', env: { MESIBO_TOKEN: '1' } }] }, 'expected another name: the core itself sets this one'],
    [{ modules: [{ name: 'b', config: { x: 'a\ud800' } }] }, 'module "b": config: expected an object of strings'],
    [{ modules: [{ name: 'b', config: { '\udc00': 'a' } }] }, 'module "b": config: expected an object of strings'],
    [
      { modules: [{ name: 'b', env: { A: '\ud800a' } }] },
      'module "b": env: 0: 1: expected no half of a surrogate pair',
    ],
    [{ modules: [{ name: 'b', env: { A: 'a\0' } }] }, 'module "b": env: 0: 1: expected no NUL character'],
    [{ modules: [{ name: 'b', env: { A: 'x'.repeat(131_070) } }] }, 'env: 0: expected a shorter value: it has 131070'],
    [{ modules: [{ name: 'b', passEnv: ['A B'] }] }, 'module "b": passEnv: 0: expected names of environment variables'],
    [{ modules: [{ name: 'b', umask: 0o1000 }] }, 'module "b": umask: expected three octal digits'],
    [{ modules: [{ name: 'b', path: '' }] }, 'module "b": path: expected the path'],
    [{ modules: [{ name: 'a-b' }] }, 'found the module name "a-b", expected 1 to 64'],
    [{ modules: [{ name: 'b' }, { name: 'b' }] }, 'found a second module b'],
    [{ modules: [{}] }, 'modules: 0: name: expected a name'],
    [{ modules: 5 }, 'modules: expected a list of modules'],
    [{ module: [] }, 'found the unknown option module'],
    [{ maxMessageBytes: 4 * 1024 * 1024 }, 'set black_box = 12MiB or more'],
    [{ moduleDir: [] }, 'moduleDir: expected at least one directory'],
  ])('refuses %j', (options, message) => {
    const error = catchConfigError(() => makeConfig(options as Parameters<typeof makeConfig>[0], nothing));
    expect(error).toMatchObject({ code: 'CONFIG_VALUE', line: 0 });
    expect(error.message).toMatch(/^configuration: /);
    expect(error.message).toContain(message);
  });
});
