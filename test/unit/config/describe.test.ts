import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeSpec } from '../../../src/config/describe.js';
import { parseConfig } from '../../../src/config/load.js';
import { type ModuleOptions, makeConfig } from '../../../src/config/make.js';

function read(text: string, variables = {}) {
  const spec = parseConfig(text, '/etc/m.conf', () => false, variables).modules[0];
  if (!spec) throw new Error('no module');
  return spec;
}

describe('the settings of a module', () => {
  it('are shown with the place that each came from', () => {
    const text =
      'module m {\n  path = /m.so\n  deadline = 500ms\n  deadline = 2000ms\n  word = one\n  config { hang = two }\n}';
    const { settings, config } = describeSpec(read(text));
    const set = settings.filter(({ origin }) => origin !== 'default');
    expect(set).toEqual([
      { key: 'path', value: '/m.so', hidden: false, origin: '/etc/m.conf:2:3' },
      { key: 'deadline', value: '2s', hidden: false, origin: '/etc/m.conf:4:3' },
    ]);
    expect(settings).toContainEqual({ key: 'hang', value: '5s', hidden: false, origin: 'default' });
    expect(settings).toContainEqual({ key: 'backoff', value: '100ms to 30s', hidden: false, origin: 'default' });
    expect(config).toEqual([
      { key: 'word', value: 'one', hidden: false, origin: '/etc/m.conf:5:3' },
      { key: 'hang', value: 'two', hidden: false, origin: '/etc/m.conf:6:12' },
    ]);
  });

  it('come from a program when there is no file', () => {
    const options: ModuleOptions = { name: 'm', hangMs: null, config: { word: 'value' } };
    const { settings, config } = describeSpec(makeConfig({ modules: [options] }).modules[0] as never);
    expect(settings.filter(({ origin }) => origin !== 'default')).toEqual([
      { key: 'hang', value: 'off', hidden: false, origin: 'program' },
    ]);
    expect(config).toEqual([{ key: 'word', value: 'value', hidden: false, origin: 'program' }]);
  });

  it('are the same again when their description is read', () => {
    const millis = fc.integer({ min: 1, max: 86_400_000 });
    const options = fc.record({
      abi: fc.constantFrom(null, 'table', 'exports-2019', 'exports-2020'),
      onFailure: fc.constantFrom('pass', 'consume'),
      deadlineMs: millis,
      hangMs: fc.option(millis),
      startTimeoutMs: millis,
      window: fc.integer({ min: 1, max: 65_536 }),
      queue: fc.integer({ min: 0, max: 1_000_000 }),
      overload: fc.constantFrom('default', 'wait'),
      backoff: fc.tuple(millis, millis).map(([a, b]) => ({ minMs: Math.min(a, b), maxMs: Math.max(a, b) })),
      maxCrashes: fc.option(fc.record({ count: fc.integer({ min: 1, max: 1_000_000 }), periodMs: millis })),
      stopTimeoutMs: millis,
      logRate: fc.option(fc.integer({ min: 1, max: 1_000_000 })),
      directory: fc.constantFrom(null, '/srv/work'),
      passEnv: fc.subarray(['A', 'LC_*', 'B']),
      umask: fc.option(fc.integer({ min: 0, max: 0o777 })),
      coreFiles: fc.constantFrom('inherit', 'on', 'off'),
      crashBody: fc.constantFrom('last', 'all', 'no'),
      staticTlsBytes: fc.integer({ min: 0, max: 16_384 }),
      chainSends: fc.boolean(),
      watch: fc.boolean(),
      probationMs: fc.option(fc.integer({ min: 1, max: 300_000 })),
      sha256: fc.constantFrom(null, 'ab'.repeat(32)),
      maxRssBytes: fc.option(fc.integer({ min: 64 * 1024 ** 2, max: 1024 ** 4 })),
      limits: fc.record({
        memoryBytes: fc.option(fc.integer({ min: 64 * 1024 ** 2, max: 1024 ** 4 })),
        nofile: fc.option(fc.integer({ min: 64, max: 1024 })),
        nproc: fc.option(fc.integer({ min: 32, max: 1024 })),
        coreBytes: fc.option(fc.integer({ min: 0, max: 1024 })),
      }),
      sandbox: fc.record({
        user: fc.constantFrom(null, 'nobody', '65534'),
        noNewPrivs: fc.boolean(),
        network: fc.constantFrom('inherit', 'none'),
        filesystem: fc.constantFrom('inherit', 'read-only', 'private'),
      }),
    });
    fc.assert(
      fc.property(options, (given) => {
        const spec = makeConfig({ modules: [{ name: 'm', path: '/m.so', ...given } as ModuleOptions] }).modules[0];
        const lines = describeSpec(spec as never).settings.map(({ key, value }) => {
          const [section, inner] = key.split('.');
          return inner === undefined ? `${key} = ${value}\n` : `${section} {\n${inner} = ${value}\n}\n`;
        });
        const again = read(`module m {\n${lines.join('')}}`);
        expect({ ...again, origins: 0, position: 0 }).toEqual({ ...spec, origins: 0, position: 0 });
      }),
    );
  });

  it('hide secrets, unless these are to be revealed', () => {
    const text =
      'module m {\n api_key = abc\n server = http://user:pw@host/x\n word = ${WORD}\n greeting = ${APP_TOKEN}\n' +
      ' deadline = ${DEADLINE_SECRET}\n env { DB_PASSWORD = def ; HOME = /srv }\n}';
    const spec = read(text, { WORD: 'plain', APP_TOKEN: 'ghi', DEADLINE_SECRET: '2s' });
    const shown = describeSpec(spec);
    const valuesOf = (list: typeof shown.config) => list.map(({ key, value, hidden }) => [key, value, hidden]);
    expect(valuesOf(shown.config)).toEqual([
      ['api_key', '(hidden)', true],
      ['server', 'http://user:(hidden)@host/x', true],
      ['word', 'plain', false],
      ['greeting', '(hidden)', true],
    ]);
    expect(valuesOf(shown.env)).toEqual([
      ['DB_PASSWORD', '(hidden)', true],
      ['HOME', '/srv', false],
    ]);
    expect(valuesOf(shown.settings)).toContainEqual(['deadline', '(hidden)', true]);
    const revealed = describeSpec(spec, { reveal: true });
    expect(revealed.config.map(({ value }) => value)).toEqual(['abc', 'http://user:pw@host/x', 'plain', 'ghi']);
    expect(revealed.env[0]).toMatchObject({ value: 'def', hidden: false });
    expect(valuesOf(revealed.settings)).toContainEqual(['deadline', '2s', false]);
  });

  it('hide the secrets of a configuration that a program made', () => {
    const options: ModuleOptions = { name: 'm', config: { token: 't' }, env: { API_KEY: 'k' } };
    const { config, env } = describeSpec(makeConfig({ modules: [options] }).modules[0] as never);
    expect([...config, ...env].map(({ value }) => value)).toEqual(['(hidden)', '(hidden)']);
  });
});
