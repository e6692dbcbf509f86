import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/load.js';
import { makeConfig } from '../../../src/config/make.js';
import { describeMissing } from '../../../src/config/resolve.js';
import type { ModuleSpec } from '../../../src/config/types.js';
import { catchConfigError, parse } from './helpers.js';

const MIB = 1024 * 1024;

function parseModule(body: string): ModuleSpec {
  return parse(`module m {\n${body}\n}`).modules[0] as ModuleSpec;
}

function warningsOf(text: string): string[] {
  return parse(text).warnings.map(({ message, position: { line, column } }) => `${line}:${column}: ${message}`);
}

describe('defaults', () => {
  it('are those of the documentation', () => {
    expect(parse('module = m')).toEqual({
      file: '/etc/m.conf',
      onEvent: null,
      moduleDir: ['/usr/lib64/mesibo', '/etc/mesibo'],
      maxMessageBytes: MIB,
      blackBoxBytes: 8 * MIB,
      chainDeadlineMs: 5000,
      logSizeBytes: 50 * MIB,
      logKeep: 5,
      spareHosts: 1,
      gateway: 'auto',
      gatewayGroup: null,
      http: 'off',
      httpToken: null,
      webhook: 'off',
      webhookSecret: null,
      webhookTimeoutMs: 10_000,
      sendQueue: 100_000,
      sendBytes: 64 * MIB,
      sendTtlMs: 3_600_000,
      queueBytes: 64 * 1024 * 1024,
      heartbeatMs: 1000,
      warnings: [],
      modules: [
        {
          name: 'm',
          path: null,
          lookedFor: ['/usr/lib64/mesibo', '/etc/mesibo'].flatMap((dir) =>
            ['mesibo_m.so', 'mesibo_mod_m.so', 'module_m.so', 'm.so'].map((file) => `${dir}/${file}`),
          ),
          abi: null,
          onFailure: 'pass',
          deadlineMs: 1000,
          hangMs: 5000,
          startTimeoutMs: 5000,
          window: 256,
          queue: 8192,
          overload: 'default',
          backoff: { minMs: 100, maxMs: 30_000 },
          maxCrashes: { count: 5, periodMs: 60_000 },
          quarantine: 1,
          quarantineTtlMs: 86_400_000,
          stopTimeoutMs: 5000,
          logRate: 1000,
          directory: null,
          env: [],
          passEnv: [],
          umask: null,
          coreFiles: 'inherit',
          crashBody: 'last',
          staticTlsBytes: 4096,
          sha256: null,
          maxRssBytes: null,
          limits: { memoryBytes: null, nofile: null, nproc: null, coreBytes: null },
          sandbox: { user: null, noNewPrivs: false, network: 'inherit', filesystem: 'inherit' },
          match: null,
          chainSends: false,
          shadowOf: null,
          shadowHttp: false,
          watch: false,
          probationMs: null,
          replicas: 1,
          sticky: true,
          broadcast: [],
          maxMessages: null,
          maxAgeMs: null,
          config: [],
          origins: {},
          envOrigins: [],
          configOrigins: [],
          position: { file: '/etc/m.conf', line: 1, column: 10 },
        },
      ],
    });
  });

  it('of one module are not shared with another', () => {
    const { modules } = parse('module = a\nmodule = b');
    expect(modules[0]?.backoff).not.toBe(modules[1]?.backoff);
    expect(modules[0]?.config).not.toBe(modules[1]?.config);
  });

  it('hold for an empty file, which has no modules', () => {
    expect(parse('').modules).toEqual([]);
  });
});

describe('our settings', () => {
  it.each<[string, Partial<ModuleSpec>]>([
    ['path = m.so', { path: '/etc/m.so', lookedFor: ['/etc/m.so'] }],
    ['path = "/a b.so"', { path: '/a b.so' }],
    ['abi = table', { abi: 'table' }],
    ['abi = exports-2019', { abi: 'exports-2019' }],
    ['abi = exports-2020', { abi: 'exports-2020' }],
    ['abi = auto', { abi: null }],
    ['on_failure = consume', { onFailure: 'consume' }],
    ['deadline = 500ms', { deadlineMs: 500 }],
    ['deadline = "2s"', { deadlineMs: 2000 }],
    ['hang = 1m', { hangMs: 60_000 }],
    ['hang = off', { hangMs: null }],
    ['start_timeout = 24h', { startTimeoutMs: 86_400_000 }],
    ['window = 1', { window: 1 }],
    ['queue = 0', { queue: 0 }],
    ['backoff = 1s to 1s', { backoff: { minMs: 1000, maxMs: 1000 } }],
    ['max_crashes = 1 in 1h', { maxCrashes: { count: 1, periodMs: 3_600_000 } }],
    ['max_crashes = off', { maxCrashes: null }],
    ['stop_timeout = 1ms', { stopTimeoutMs: 1 }],
    ['replicas = 64', { replicas: 64 }],
    ['sticky = no', { sticky: false }],
    ['broadcast = login,call', { broadcast: ['login', 'call'] }],
    ['broadcast = none', { broadcast: [] }],
    ['max_messages = 1000', { maxMessages: 1000 }],
    ['max_messages = off', { maxMessages: null }],
    ['max_age = 24h', { maxAgeMs: 86_400_000 }],
  ])('takes %s', (body, expected) => {
    const module = parseModule(body);
    expect(module).toMatchObject(expected);
    expect(module.config).toEqual([]);
  });

  it.each([
    ['path =', 'found nothing for path, expected the path of a shared object'],
    ['abi = 2020', 'found "2020" for abi, expected auto, table, exports-2019 or exports-2020'],
    ['on_failure = drop', 'found "drop" for on_failure, expected pass or consume'],
    ['deadline = 0', 'found "0" for deadline, expected a duration from 1ms to 24h'],
    [
      'deadline = 5',
      'found "5" for deadline, expected a duration such as 500ms, 2s, 1m or 1h (a unit is missing: 5s or',
    ],
    ['deadline = off', 'found "off" for deadline, expected a duration'],
    ['deadline =', 'found nothing for deadline, expected a duration'],
    ['deadline = 25h', 'found "25h" for deadline, expected a duration from 1ms to 24h'],
    ['hang = 0s', 'found "0s" for hang, expected a duration from 1ms to 24h, or off'],
    ['hang = no', 'found "no" for hang, expected a duration such as 500ms, 2s, 1m or 1h, or off'],
    ['start_timeout = -1s', 'found "-1s" for start_timeout, expected a duration'],
    ['window = 0', 'found "0" for window, expected a whole number from 1 to 65536'],
    ['window = 65537', 'found "65537" for window, expected a whole number from 1 to 65536'],
    ['window = 1s', 'found "1s" for window, expected a whole number such as 256'],
    ['queue = -1', 'found "-1" for queue, expected a whole number'],
    ['queue = 1000001', 'expected a whole number from 0 to 1000000'],
    ['backoff = 30s to 100ms', 'expected two durations, such as 100ms to 30s, the shorter one first'],
    ['backoff = 0 to 30s', 'found "0 to 30s" for backoff, expected a duration from 1ms to 24h'],
    ['backoff = 1s', 'found "1s" for backoff, expected two durations'],
    ['max_crashes = 0 in 60s', 'found "0 in 60s" for max_crashes, expected a number in a duration'],
    ['max_crashes = 5', 'expected a number in a duration, such as 5 in 60s, or off'],
    ['max_crashes = 5 in 0s', 'expected a duration from 1ms to 24h'],
    ['replicas = 0', 'found "0" for replicas, expected a whole number from 1 to 64, or auto'],
    ['replicas = 65', 'found "65" for replicas, expected a whole number from 1 to 64, or auto'],
    ['sticky = 1', 'found "1" for sticky, expected yes or no'],
    ['broadcast = message', 'found "message" for broadcast, expected login, call'],
    ['max_messages = 0', 'found "0" for max_messages, expected a whole number from 1'],
    ['max_age = 1ms', 'found "1ms" for max_age, expected a duration from 1s'],
    ['deadline = 1s; hang = 2s', 'found "1s; hang = 2s" for deadline, expected a duration'],
  ])('refuses %s', (line, message) => {
    const error = catchConfigError(() => parseModule(`x = 1\n  ${line}`));
    expect(error).toMatchObject({ code: 'CONFIG_VALUE', line: 3, column: 3 });
    expect(error.message).toContain(`/etc/m.conf:3:3: module m: `);
    expect(error.message).toContain(message);
  });

  it.each<[string, object]>([
    ['max_message = 64KiB', { maxMessageBytes: 65_536 }],
    ['max_message = 4MiB\nblack_box = 12MiB', { maxMessageBytes: 4 * MIB, blackBoxBytes: 12 * MIB }],
    ['chain_deadline = 250ms', { chainDeadlineMs: 250 }],
    ['log_size = 1GiB', { logSizeBytes: 1024 * MIB }],
    ['log_keep = 0', { logKeep: 0 }],
    ['spare_hosts = 0', { spareHosts: 0 }],
    ['module_dir = /a:b:../c', { moduleDir: ['/a', '/etc/b', '/c'] }],
  ])('takes %s outside of blocks', (text, expected) => {
    expect(parse(text)).toMatchObject({ ...expected, warnings: [] });
  });

  it.each([
    ['max_message = 0', '1:1: found "0" for max_message, expected a size from 1 byte to 64MiB'],
    [
      'max_message = 65MiB\nblack_box = 1GiB',
      '1:1: found "65MiB" for max_message, expected a size from 1 byte to 64MiB',
    ],
    ['max_message = 1MB', '1:1: found "1MB" for max_message, expected a size such as 64KiB, 8MiB, 1GiB or a number of'],
    [
      'chain_deadline = 2s; log_keep = 3',
      '1:1: found "2s; log_keep = 3" for chain_deadline, expected a duration such as 500ms, 2s, 1m or 1h ' +
        '(";" and "}" end a value only after white space)',
    ],
    ['black_box = 1KiB', '1:1: found "1KiB" for black_box, expected a size from 2MiB to 1GiB'],
    ['black_box = 2MiB', '1:1: found black_box = 2MiB with max_message = 1MiB, expected a black box of at least three'],
    ['max_message = 4MiB', 'set black_box = 12MiB or more'],
    ['black_box = 9MiB\nmax_message = 4MiB', '2:1: found black_box = 9MiB with max_message = 4MiB'],
    ['chain_deadline = 0s', '1:1: found "0s" for chain_deadline'],
    ['log_size = 1', '1:1: found "1" for log_size, expected a size from 64KiB'],
    ['spare_hosts = 17', '1:1: found "17" for spare_hosts, expected a whole number from 0 to 16'],
    ['log_keep = 1001', '1:1: found "1001" for log_keep, expected a whole number from 0 to 1000'],
    ['module_dir =', '1:1: found nothing for module_dir, expected no empty directory name'],
    ['module_dir = /a::/b', '1:1: found "/a::/b" for module_dir, expected no empty directory name'],
  ])('refuses %j outside of blocks', (text, message) => {
    const error = catchConfigError(() => parse(text));
    expect(error.code).toBe('CONFIG_VALUE');
    expect(error.message).toContain(message);
  });

  it('looks for modules in a module_dir that comes after them', () => {
    const config = parseConfig('module = m\nmodule_dir = lib', '/x/m.conf', (path) => path === '/x/lib/module_m.so');
    expect(config.modules[0]?.path).toBe('/x/lib/module_m.so');
  });
});

describe("the module's own settings", () => {
  it('are passed as they are written and in order, whatever their names and number', () => {
    const body =
      'z = 1\nlog = 0 \ndeadline = 2s\nz = 2\nconfig { deadline = 3s ; sandbox = x }\n__proto__ = y\nempty =';
    const module = parseModule(body);
    expect(module.deadlineMs).toBe(2000);
    expect(module.config).toEqual([
      ['z', '1'],
      ['log', '0'],
      ['z', '2'],
      ['deadline', '3s'],
      ['sandbox', 'x'],
      ['__proto__', 'y'],
      ['empty', ''],
    ]);
  });

  it('are no reason for a warning in config { }', () => {
    expect(warningsOf('module m { config { dedline = 1 ; path = 2 ; sandbox = 3 ; log_size = 4 } }')).toEqual([]);
  });
});

describe('names', () => {
  it.each(['a', 'v8', '8', '_', 'A_z0', 'n'.repeat(64)])('%s is one', (name) => {
    expect(parse(`module = ${name}`).modules[0]?.name).toBe(name);
  });

  it.each(['a-b', 'a.b', '../a', 'n'.repeat(65), '\u00E4', 'a:b'])('%s is none', (name) => {
    const error = catchConfigError(() => parse(`module = ${name}`));
    expect(error.message).toMatch(/^\/etc\/m\.conf:1:10: found the module name ".*", expected 1 to 64 of/);
  });

  it('stand for one module each', () => {
    const error = catchConfigError(() => parse('module = a\nmodule = b\n module a { }'));
    expect(error.message).toBe(
      '/etc/m.conf:3:9: found a second module "a", expected each name once: the first is at /etc/m.conf:1:10',
    );
  });
});

describe('sections', () => {
  it('remote is refused rather than ignored', () => {
    const error = catchConfigError(() => parse('module m {\n remote { }\n}'));
    expect(error).toMatchObject({ code: 'CONFIG_VALUE', line: 2, column: 2 });
    expect(error.message).toContain('module m: found the section remote, which is not supported by this version');
  });
});

describe('env', () => {
  it('sets variables, beside settings of the same names', () => {
    const text = 'deadline = 2s\nenv {\n  A = "x ; y"\n  deadline = late ; EMPTY =\n}\nconfig { B = 1 }\nenv { C = 3 }';
    const { env, envOrigins, deadlineMs, config } = parseModule(text);
    expect(env).toEqual([
      ['A', 'x ; y'],
      ['deadline', 'late'],
      ['EMPTY', ''],
      ['C', '3'],
    ]);
    expect(envOrigins).toHaveLength(4);
    expect([deadlineMs, config]).toEqual([2000, [['B', '1']]]);
  });

  it('of a name that is there twice has the last value, with a warning', () => {
    const warnings = warningsOf('module m {\n env { A = 1 }\n env { A = 2 }\n}');
    expect(warnings).toEqual([
      expect.stringContaining('3:8: module m: env sets A twice; this one holds, not the one at 2:8'),
    ]);
  });

  it('takes the longest variable that the system takes', () => {
    const value = 'x'.repeat(131_069);
    expect(parse(`module m {\n env { A = ${value} }\n}`).modules[0]?.env).toEqual([['A', value]]);
  });

  it.each([
    ['1A = 2', 'found "1A" in env { }, expected the name of an environment variable'],
    ['A-B = 2', 'found "A-B" in env { }, expected the name of an environment variable'],
    ['MESIBO_TOKEN = 2', 'found "MESIBO_TOKEN" in env { }, expected another name: the core itself sets this one'],
    [`A = ${'x'.repeat(131_070)}`, 'found "A" in env { }, expected a shorter value: it has 131070 bytes'],
    [`A = ${'ä'.repeat(65_535)}`, 'found "A" in env { }, expected a shorter value: it has 131070 bytes'],
  ])('refuses %.20s', (pair, message) => {
    const error = catchConfigError(() => parse(`module m {\n env { ${pair} }\n}`));
    expect(error).toMatchObject({ code: 'CONFIG_VALUE', line: 2, column: 8 });
    expect(error.message).toContain(message);
  });
});

describe('the surroundings', () => {
  it('are read as they are written', () => {
    const text = 'directory = data\npass_env = LC_*, APP_HOME\numask = 027\ncore_files = on\nstatic_tls = 16KiB';
    expect(parseModule(text)).toMatchObject({
      directory: '/etc/data',
      passEnv: ['LC_*', 'APP_HOME'],
      umask: 0o027,
      coreFiles: 'on',
      staticTlsBytes: 16 * 1024,
    });
  });

  it.each([
    ['directory =', 'found nothing for directory, expected the path of a directory, or own'],
    ['pass_env = A B', 'found "A B" for pass_env, expected names of environment variables'],
    ['pass_env = A, *B', 'for pass_env, expected names of environment variables'],
    ['pass_env = MESIBO_TOKEN', 'for pass_env, expected names of environment variables'],
    ['umask = 8', 'found "8" for umask, expected three octal digits'],
    ['umask = 1777', 'found "1777" for umask, expected three octal digits'],
    ['core_files = 5', 'found "5" for core_files, expected inherit, on or off'],
    ['static_tls = 32KiB', 'found "32KiB" for static_tls, expected a size up to 16KiB'],
  ])('refuses %s', (setting, message) => {
    expect(catchConfigError(() => parse(`module m {\n ${setting}\n}`)).message).toContain(message);
  });
});

describe('warnings', () => {
  it.each([
    ['prot = 80', '1:1: unknown setting "prot", which has no effect here; ours are module_dir, max_message'],
    ['max-message = 1MiB', '1:1: unknown setting "max-message", which has no effect; did you mean max_message?'],
    ['deadline = 2s', '1:1: deadline has no effect here; it belongs in the block of a module'],
    ['constructor = 1', '1:1: unknown setting "constructor"'],
    [
      'module m {\n  on-failure = pass\n}',
      '2:3: module m: "on-failure" is passed to the module; did you mean on_failure?',
    ],
    ['module m {\n  dedline = 1s\n}', 'did you mean deadline? if it is meant for the module, put it into config { }'],
    [
      'module m {\n  log_keep = 1\n}',
      '2:3: module m: log_keep has no effect in a module; it belongs outside of the block',
    ],
    [
      'module m {\n  sandbox = on\n}',
      '2:3: module m: sandbox is passed to the module; the section is written sandbox { }',
    ],
    ['log_keep = 1\nlog_keep = 2', '2:1: log_keep is set twice; this one holds, not the one at 1:1'],
    [
      'module m {\n window = 1\n window = 2\n}',
      '3:2: module m: window is set twice; this one holds, not the one at 2:2',
    ],
    [
      'module m {\n probation = 750ms\n}',
      '2:2: module m: found probation = 750ms, but a callback that hangs is noticed only after 750ms',
    ],
  ])('%j', (text, message) => {
    const warnings = warningsOf(text);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(message);
  });

  it('of a probation are not for one in which a hang is noticed', () => {
    expect(warningsOf('module m {\n probation = 1s\n}')).toEqual([]);
    expect(warningsOf('module m {\n probation = 1s\n deadline = 20s\n hang = 900ms\n}')).toEqual([]);
    const [warning] = makeConfig({ modules: [{ name: 'm', path: '/m.so', probationMs: 100 }] }).warnings;
    expect(warning?.message).toContain('module m: found probation = 100ms, but');
  });

  it('of a setting that is there twice go with the last value', () => {
    expect(parseModule('window = 1\nwindow = 2').window).toBe(2);
    expect(parse('log_keep = 1\nlog_keep = 2').logKeep).toBe(2);
  });

  it('leave the doubtful setting to the module', () => {
    expect(parseModule('dedline = 1s\nsandbox = on').config).toEqual([
      ['dedline', '1s'],
      ['sandbox', 'on'],
    ]);
  });
});

describe('a setting of the module that is there twice', () => {
  it('is passed on twice, with a warning that names the first', () => {
    const { modules, warnings } = parse('module m {\n  word = a\n  config { word = b }\n  other = c\n}');
    expect(modules[0]?.config.map(([, value]) => value)).toEqual(['a', 'b', 'c']);
    const message = 'module m: word is set twice; the module gets both, and most modules take the first, at 2:3';
    expect(warnings).toEqual([{ position: { file: '/etc/m.conf', line: 3, column: 12 }, message }]);
  });
});

describe('a path with a semicolon in it', () => {
  it('has a hint when there is no such file', () => {
    const { modules } = parse('module m { path = x.so; blocked_words = y }');
    expect(describeMissing(modules[0]?.lookedFor ?? [])).toBe(
      'no file found; looked for /etc/x.so; blocked_words = y (";" is a part of this path: it ends a value only after white space)',
    );
    expect(describeMissing(['/a'])).toBe('no file found; looked for /a');
  });
});
