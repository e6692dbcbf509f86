import { createHash } from 'node:crypto';
import { copyFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AbiName, LifecycleEvent, ModuleOptions } from 'mesibo-modules';
import { afterEach, describe, expect, it } from 'vitest';
import { makeTempDir } from '../helpers/temp-dir.js';
import { fixture, fixtureModule, startCore, TestCore } from './core.js';

let core: TestCore;
afterEach(() => core.close());

const only2019 = (config: Record<string, string> = {}, options: Partial<ModuleOptions> = {}) =>
  fixtureModule('only-2019', { ...options, config });

/** How the hosts of a module ended, oldest first. */
function ends(name: string): string[] {
  const exits = core.lives.filter(
    (event): event is Extract<LifecycleEvent, { kind: 'exited' }> => event.kind === 'exited',
  );
  return exits.filter(({ module }) => module === name).map(({ cause }) => cause);
}

/** Starts a core that keeps what must outlive it in this directory. */
async function startKeeping(stateDir: string, ...modules: ModuleOptions[]): Promise<TestCore> {
  return new TestCore({ modules }, {}, { stateDir }).start();
}

describe('a file that imports nothing', () => {
  /** What it runs as, and how many hosts it took; one of 2019 that checks nothing runs as one of 2020. */
  it.each<[file: string, abi: AbiName, hosts: number]>([
    ['silent-table', 'table', 1],
    ['silent-2020', 'exports-2020', 2],
    ['silent-2019', 'exports-2019', 3],
    ['unchecked-table', 'table', 1],
    ['unchecked-2020', 'exports-2020', 2],
    ['unchecked-2019', 'exports-2020', 2],
  ])('%s runs as %s, and its changes count', async (file, abi, hosts) => {
    const module = fixtureModule(file);
    core = await startCore([module]);
    expect(core.report.refused).toEqual([]);
    const all = ['table', 'exports-2020', 'exports-2019'];
    expect(core.module(module.name)).toMatchObject({
      abi,
      abiSource: 'trial',
      abiReason: `found by a trial of ${all.slice(0, hosts).join(', ')} (it imports no mesibo_* function)`,
      state: 'serving',
      generation: hosts,
      restarts: 0,
      failedStarts: 0,
      lastError: null,
      crashes: { total: 0 },
    });
    expect(ends(module.name)).toEqual(Array(hosts - 1).fill('trial'));
    const { payload, params, trace } = await core.send('hello');
    expect(trace).toMatchObject([{ default: null }]);
    expect([payload.toString(), params.to, params.from]).toEqual(['*ello', 'elsewhere', 'alice']);
  });
});

it('a file that sets no callback may have been built for another ABI, unless "abi" says which it was', async () => {
  core = await startCore([fixtureModule('layout-unsaid')]);
  expect((await core.send('hello')).trace).toEqual([]);
  const warnings = () => core.lines('layout_unsaid', 'supervisor').filter((line) => line.includes('no callback'));
  expect(warnings()).toEqual([
    expect.stringMatching(/^module layout_unsaid: its init has set no callback.* than exports-2020: define MESIBO_/),
  ]);
  await core.close();
  core = await startCore([fixtureModule('layout-unsaid', { abi: 'exports-2020' })]);
  expect(warnings()).toEqual([]);
});

describe('a file that was built with our header', () => {
  it('is started as its note says, and never tried', async () => {
    const files = ['generic-table', 'generic-2019', 'generic-2020', 'mangled-init'];
    core = await startCore(files.map((file) => fixtureModule(file)));
    const abis = ['table', 'exports-2019', 'exports-2020', 'table'];
    expect(core.supervisor.status().modules).toMatchObject(
      abis.map((abi) => ({
        abi,
        abiSource: 'note',
        abiReason: expect.stringMatching(/^the note in the file says so/),
        generation: 1,
      })),
    );
  });

  it.each([
    ['layout-forgotten', 'MODULE_START_CRASHED', 'it was ended by SIGSEGV in its init'],
    ['layout-forgotten-checked', 'MODULE_INIT_REFUSED', '_init returned -1, which refuses to start'],
  ])('%s: the error tells an author who forgot to choose the ABI', async (file, code, what) => {
    core = await startCore([fixtureModule(file)]);
    const error = core.report.refused[0]?.error;
    expect(error?.code).toBe(code);
    expect(error?.message).toContain(
      `${what}; its sources choose no ABI, so it was started as one of the ABI table: if its`,
    );
    expect(error?.message).toContain('write "#define MESIBO_MODULE_ABI MESIBO_ABI_EXPORTS_2020" before #include');
    expect(core.module(error?.module ?? '')).toMatchObject({ generation: 1 });
  });

  it('of several sources is refused when they differ, unless "abi" is set', async () => {
    core = await startCore([
      fixtureModule('mixed-abis'),
      fixtureModule('mixed-abis', { name: 'other', abi: 'exports-2020' }),
    ]);
    const [refused, another] = core.report.refused.map(({ error }) => error);
    expect(another).toBeUndefined();
    expect(refused).toMatchObject({ code: 'MODULE_ABI_MIXED', generation: 1 });
    expect(refused?.message).toContain(
      'different ABIs: exports-2020 and table (the default of the header); define the',
    );
    expect(core.module('other').warnings).toEqual([
      expect.stringContaining('exports mesibo_module_mixed_abis_init instead of mesibo_module_other_init'),
      expect.stringContaining('"abi = exports-2020" is set, but the note in the file says table; remove "abi"'),
    ]);
    expect((await core.send('hello')).trace).toMatchObject([{ default: 'down' }, { module: 'other', default: null }]);
  });

  it('is started by its symbols when its note is damaged, with a warning', async () => {
    const path = join(makeTempDir(), 'damaged.so');
    const bytes = readFileSync(fixture('change-table'));
    // One byte of the length of what the note says.
    bytes.writeUInt32LE(8, bytes.indexOf('mesibo\0\0') - 8);
    writeFileSync(path, bytes);
    core = await startCore([fixtureModule('change-table', { path })]);
    expect(core.module('change_table')).toMatchObject({
      abi: 'table',
      abiSource: 'trial',
      warnings: [
        expect.stringMatching(/^\/.*damaged\.so: the note that says its ABI is damaged: its note is too short;/),
      ],
    });
  });
});

describe('a file whose imports show its ABI', () => {
  it('is not tried', async () => {
    core = await startCore([fixtureModule('imports-http-2019'), fixtureModule('printf-2020')]);
    expect(core.supervisor.status().modules).toMatchObject([
      { abi: 'exports-2019', abiSource: 'symbols', abiReason: 'it imports mesibo_http', generation: 1 },
      { abi: 'exports-2020', abiSource: 'symbols', abiReason: 'it imports mesibo_vlog', generation: 1 },
    ]);
    expect((await core.send('hello')).trace).toMatchObject([{ default: null }, { default: null }]);
  });
});

describe('a try that fails is thrown away, and the next one serves', () => {
  it.each([
    [
      'refuse',
      /^module only_2019: host 1 \(pid \d+\) could not start it: mesibo_module_only_2019_init returned -1, .*; its last words: "init as 192"; exports-2019 is tried now$/,
    ],
    ['crash', /: it was ended by SIGABRT in its init; its last words: "init as 192"; exports-2019 is tried now$/],
    [
      'hang',
      /: its init did not return in time \(start_timeout is 2500ms\); its last words: "hanging", "init as 192"; exp/,
    ],
    ['exit', /: it called exit\(3\) in its init; its last words: "init as 192"; exports-2019 is tried now$/],
  ])('%s', async (otherwise, text) => {
    core = await startCore([
      only2019({ otherwise }, { startTimeoutMs: 2500, backoff: { minMs: 60_000, maxMs: 60_000 } }),
    ]);
    expect(core.report.refused).toEqual([]);
    expect(core.lines('only_2019')).toEqual(['init as 192', 'init as 176']);
    expect(core.lives.find(({ kind }) => kind === 'exited')).toMatchObject({
      cause: 'trial',
      text: expect.stringMatching(text),
    });
    expect(core.module('only_2019')).toMatchObject({
      abi: 'exports-2019',
      abiReason: 'found by a trial of exports-2020, exports-2019 (it imports mesibo_log, which both have)',
      generation: 2,
      restarts: 0,
      failedStarts: 0,
      lastError: null,
    });
    expect(core.lives.filter(({ kind }) => kind === 'module')).toMatchObject([{ to: 'starting' }, { to: 'serving' }]);
    expect((await core.send('hello')).trace).toMatchObject([{ default: null }]);
  });
});

describe('a file that starts with no ABI', () => {
  it('is refused once, with the reason of each try', async () => {
    core = await startCore([only2019({ never: 'yes' }), fixtureModule('init-returns-minus-one')]);
    const [one, another] = core.report.refused.map(({ error }) => error);
    expect(one).toMatchObject({ code: 'MODULE_NO_ABI', module: 'only_2019', generation: 2 });
    const init = 'mesibo_module_only_2019_init returned -1, which refuses to start';
    expect(one?.message).toBe(
      `module only_2019: ${fixture('only-2019')}: it starts with none of the ABIs that it may have been built for (it ` +
        `imports mesibo_log, which both have); exports-2020: ${init}; its last words: "init as 192"; exports-2019: ` +
        `${init}; its last words: "init as 176"; set "abi = ..." to the one that it was built for, and correct what it reports`,
    );
    expect(another).toMatchObject({ code: 'MODULE_NO_ABI', generation: 3 });
    expect(another?.message).toMatch(
      /table: .* returned -1, .*"the licence file is missing", .*exports-2020: it was ended by SIGSEGV .*exports-2019: it/,
    );
    expect(core.module('only_2019')).toMatchObject({ state: 'failed', failedStarts: 1, abi: null, abiSource: null });
    expect(ends('only_2019')).toEqual(['trial', 'start']);
  });

  it('is tried only once when it cannot be loaded at all', async () => {
    core = await startCore([fixtureModule('constructor-aborts'), fixtureModule('unresolved-symbol')]);
    expect(core.report.refused.map(({ error }) => [error.code, error.generation])).toEqual([
      ['MODULE_START_CRASHED', 1],
      ['MODULE_UNRESOLVED_SYMBOL', 1],
    ]);
  });
});

describe('the configuration', () => {
  it('overrides what the file says', async () => {
    core = await startCore([only2019({}, { abi: 'exports-2019' })]);
    expect(core.module('only_2019')).toMatchObject({ abi: 'exports-2019', abiSource: 'configuration', generation: 1 });
    expect(core.lines('only_2019')).toEqual(['init as 176']);
  });

  it('overrides the file even when the setting is wrong', async () => {
    core = await startCore([only2019({}, { abi: 'exports-2020' })]);
    expect(core.report.refused[0]?.error).toMatchObject({ code: 'MODULE_INIT_REFUSED', generation: 1 });
  });
});

describe('what was found is remembered', () => {
  const remembered = /exports-2020, exports-2019 .*; remembered by the file's sha256$/;

  it('when the host is started again', async () => {
    core = await startCore([only2019()]);
    await core.send('abort');
    await core.serving('only_2019', 3);
    expect(core.lines('only_2019')).toEqual(['init as 192', 'init as 176', 'init as 176']);
    expect(core.module('only_2019')).toMatchObject({ restarts: 1, abiReason: expect.stringMatching(remembered) });
  });

  it('for other modules of the same file', async () => {
    core = await startCore([
      only2019(),
      { ...only2019({ otherwise: 'hang' }, { startTimeoutMs: 2500 }), name: 'twin' },
    ]);
    expect(core.module('only_2019').abiReason).not.toMatch(remembered);
    expect(core.module('twin')).toMatchObject({ abiReason: expect.stringMatching(remembered), generation: 2 });
  });

  it('when the core is started again, in a file of hashes and names', async () => {
    const stateDir = makeTempDir();
    core = await startKeeping(stateDir, only2019());
    await core.close();
    const sha256 = createHash('sha256')
      .update(readFileSync(fixture('only-2019')))
      .digest('hex');
    const file = join(stateDir, 'abis.json');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ version: 1, abis: { [sha256]: 'exports-2019' } });
    core = await startKeeping(stateDir, only2019());
    expect(core.lines('only_2019')).toEqual(['init as 176']);
    expect(core.module('only_2019')).toMatchObject({ abiReason: expect.stringMatching(remembered), generation: 1 });
    await core.close();
    writeFileSync(file, 'damaged');
    core = await startKeeping(stateDir, only2019());
    expect(core.lines('only_2019')).toEqual(['init as 192', 'init as 176']);
  });

  it('and no other ABI is tried when a start with it fails', async () => {
    const stateDir = makeTempDir();
    core = await startKeeping(stateDir, only2019());
    await core.close();
    core = await startKeeping(stateDir, only2019({ never: 'yes' }));
    expect(core.lines('only_2019')).toEqual(['init as 176']);
    expect(core.report.refused[0]?.error).toMatchObject({ code: 'MODULE_INIT_REFUSED', generation: 1 });
  });
});

it('a file that is replaced during a trial is tried from the first ABI on', async () => {
  const directory = makeTempDir();
  const path = join(directory, 'only_2019.so');
  copyFileSync(fixture('only-2019'), path);
  core = new TestCore({ modules: [only2019({ otherwise: 'hang' }, { path, startTimeoutMs: 2500 })] });
  const starting = core.start();
  await core.until(() => core.lines('only_2019', 'stdout').length === 1);
  // Its first ABI is the one that has just failed.
  copyFileSync(fixture('change-2020'), `${path}.new`);
  renameSync(`${path}.new`, path);
  await starting;
  expect(core.module('only_2019')).toMatchObject({ abi: 'exports-2020', generation: 2, failedStarts: 0 });
  expect(core.module('only_2019').abiReason).toMatch(/^found by a trial of exports-2020 \(/);
});

it('a replaced file is not tried after a crash, but at an ordered restart, which counts as one restart', async () => {
  const path = join(makeTempDir(), 'only_2019.so');
  copyFileSync(fixture('only-2019'), path);
  core = await startCore([only2019({}, { path })]);
  copyFileSync(fixture('silent-2020'), `${path}.new`);
  renameSync(`${path}.new`, path);
  await core.send('abort');
  await core.serving('only_2019', 3);
  expect(core.module('only_2019')).toMatchObject({ abi: 'exports-2019', restarts: 1, build: { kept: true } });
  await core.supervisor.restartModule('only_2019');
  expect(ends('only_2019')).toEqual(['trial', 'crash', 'stop', 'trial']);
  expect(core.module('only_2019')).toMatchObject({
    abi: 'exports-2020',
    abiReason: 'found by a trial of table, exports-2020 (it imports no mesibo_* function)',
    generation: 5,
    restarts: 2,
    failedStarts: 0,
    crashes: { total: 1 },
  });
});

it('a stop during a trial ends it', async () => {
  core = new TestCore({ modules: [only2019({ otherwise: 'hang' }, { startTimeoutMs: 60_000 })] });
  const starting = core.start();
  await core.until(() => core.lines('only_2019', 'stdout').length === 1);
  await core.supervisor.stop();
  await starting;
  expect(core.lines('only_2019')).toEqual(['init as 192']);
  expect(core.module('only_2019')).toMatchObject({ state: 'stopped', generation: 1 });
});
