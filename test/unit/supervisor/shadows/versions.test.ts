import { describe, expect, it } from 'vitest';
import { makeConfig } from '../../../../src/config/make.js';
import type { ModuleSpec } from '../../../../src/config/types.js';
import { exchangeVersions, settingsToChange } from '../../../../src/supervisor/shadows/versions.js';

const [primary, shadow] = makeConfig({
  modules: [
    { name: 'a', path: '/a.so', deadlineMs: 7, directory: '/d', crashBody: 'no', config: { word: 'x' } },
    {
      name: 'b',
      path: '/b.so',
      shadowOf: 'a',
      abi: 'table',
      onFailure: 'consume',
      limits: { nofile: 99 },
      sandbox: { network: 'none' },
      env: { TOKEN: 'secret' },
      config: { word: 'y' },
    },
  ],
}).modules as [ModuleSpec, ModuleSpec];

describe('two modules that exchange their versions', () => {
  const [next, back] = exchangeVersions(primary, shadow);

  it('have what makes a version of the other, and keep their place', () => {
    const { path, abi, limits, sandbox, env, config } = shadow;
    expect(next).toMatchObject({ path, abi, limits, sandbox, env, config });
    expect(next).toMatchObject({ name: 'a', shadowOf: null, deadlineMs: 7, directory: '/d', onFailure: 'pass' });
    expect(back).toMatchObject({ name: 'b', shadowOf: 'a', path: '/a.so', abi: null, onFailure: 'consume', env: [] });
    expect(Object.keys(next.origins).sort()).toEqual(
      ['abi', 'crash_body', 'deadline', 'directory', 'limits.nofile', 'path', 'sandbox.network'].sort(),
    );
    expect(exchangeVersions(next, back)).toEqual([primary, shadow]);
  });

  it('have settings to change, without secrets', () => {
    expect(settingsToChange(next, primary)).toEqual([
      { key: 'path', value: '/b.so' },
      { key: 'abi', value: 'table' },
      { key: 'limits.nofile', value: '99' },
      { key: 'sandbox.network', value: 'none' },
      { key: 'env', value: null },
      { key: 'config', value: null },
    ]);
    expect(settingsToChange(next, next)).toEqual([]);
    const hidden = {
      ...next,
      origins: { ...next.origins, path: { file: 'x', line: 1, column: 1, isHidden: true as const } },
    };
    expect(settingsToChange(hidden, primary)[0]).toEqual({ key: 'path', value: null });
  });
});
