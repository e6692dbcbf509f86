/** The accepted build keeps running, whatever happens to the file of its module meanwhile. */

import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import type { ModuleOptions } from 'mesibo-modules';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fixture, makeTempDir, patientConfig, TestCore } from './core.js';

const NAME = 'names_its_build';
const OVERWRITTEN = 'its file was overwritten while it was loaded';

/** Whether this user may mount something, in a name space of his own. */
function canMount(): boolean {
  const can = spawnSync('unshare', ['--map-root-user', '--mount', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0;
  if (!can)
    console.warn('SKIPPED: this user may not mount a file system, so nothing checks a state directory that is full.');
  return can;
}

let core: TestCore;
let place: string;
let file: string;

beforeEach(() => {
  place = makeTempDir();
  mkdirSync(join(place, 'modules'));
  file = join(place, 'modules', 'module.so');
});
afterEach(async () => {
  await core.close();
  rmSync(place, { recursive: true });
});

const stateDir = () => join(place, 'state');
const builds = () => readdirSync(join(stateDir(), 'builds'));
const overwrite = (name: string) => copyFileSync(fixture(name), file);

function replace(name: string, at = file): void {
  copyFileSync(fixture(name), `${at}.new`);
  renameSync(`${at}.new`, at);
}

function spec(options: Partial<ModuleOptions> = {}): ModuleOptions {
  // On a slow machine a message waits that long for the next start.
  return { name: NAME, path: file, abi: 'exports-2020', deadlineMs: 5000, ...options };
}

async function start(modules: ModuleOptions[] = [spec()], how: { stateDir?: string } = { stateDir: stateDir() }) {
  if (how.stateDir) mkdirSync(how.stateDir, { recursive: true });
  core = new TestCore({ modules }, {}, how);
  return core.start();
}

function reload(modules: ModuleOptions[] = [spec()], names: string[] = []) {
  return core.supervisor.reload(patientConfig({ modules }), { modules: names });
}

/** Which build answers. */
async function answering(name = NAME): Promise<string> {
  const before = core.lines(name).length;
  const { trace } = await core.send('hello');
  const own = trace.find((entry) => entry.module === name);
  if (own?.default) return own.default;
  await core.until(() => core.lines(name).length > before);
  return core.lines(name)[before] as string;
}

/** Kills the process of the module; returns the report of its death once the module serves again. */
async function crash(name = NAME): Promise<string> {
  const { pid, generation } = core.module(name);
  process.kill(pid as number, 'SIGSEGV');
  await core.serving(name, generation + 1);
  return endOf(generation, name);
}

function endOf(generation: number, name = NAME): string {
  const end = core.lives.find((life) => {
    return life.kind === 'exited' && life.module === name && life.generation === generation;
  });
  return end?.kind === 'exited' ? end.text : '';
}

describe('a crash starts the accepted build again', () => {
  it.each<[string, { inPlace: boolean; change: () => void; taken: string | null }]>([
    ['overwritten by cp', { inPlace: true, change: () => overwrite('build-b'), taken: 'b hello' }],
    ['replaced by mv', { inPlace: false, change: () => replace('build-b'), taken: 'b hello' }],
    // Nobody can know that this was not intended.
    ["replaced by another module's", { inPlace: false, change: () => replace('silent-2020'), taken: 'another' }],
    ["overwritten by another module's", { inPlace: true, change: () => overwrite('silent-2020'), taken: 'another' }],
    ['replaced by what is no module', { inPlace: false, change: () => replace('no-init'), taken: null }],
    ['removed', { inPlace: false, change: () => rmSync(file), taken: null }],
  ])('when its file was %s', async (_, { inPlace, change, taken }) => {
    copyFileSync(fixture('build-a'), file);
    await start();
    expect(await answering()).toBe('a hello');
    const { sha256 } = core.module(NAME).build ?? {};
    change();
    expect(core.module(NAME)).toMatchObject({ state: 'serving', fileChanged: true, build: { kept: false } });
    const death = await crash();
    expect(death.includes(OVERWRITTEN)).toBe(inPlace);
    expect(death).toContain('with the accepted build, because its file has changed; to take the new file: ');
    expect(await answering()).toBe('a hello');
    const { build } = core.module(NAME);
    expect(build).toEqual({ sha256, kept: true, problem: null, path: expect.stringContaining(`/builds/${sha256}/`) });
    expect(await crash()).not.toContain(OVERWRITTEN);
    expect(await answering()).toBe('a hello');
    expect(core.lines(NAME, 'supervisor').filter((line) => line.includes('the core starts its copy'))).toHaveLength(1);
    // An order takes what is there.
    if (taken === null) return expect(reload([spec()], [NAME])).rejects.toMatchObject({ code: 'RELOAD_FAILED' });
    await reload([spec()], [NAME]);
    expect(core.module(NAME)).toMatchObject({ fileChanged: false, build: { kept: false, path: file } });
    if (taken.endsWith('hello')) expect(await answering()).toBe(taken);
  });

  it('when its file was cut short in place, after one crash that says so', async () => {
    copyFileSync(fixture('build-a'), file);
    await start();
    expect(await answering()).toBe('a hello');
    truncateSync(file, 0);
    const { generation } = core.module(NAME);
    const { trace } = await core.send('into the hole');
    expect(trace).toMatchObject([{ default: 'crash' }]);
    await core.serving(NAME, generation + 1);
    expect(endOf(generation)).toMatch(
      /was ended by SIG(BUS|SEGV).*its file was overwritten while it was loaded, as cp does/,
    );
    expect(core.module(NAME).lastError).toContain(OVERWRITTEN);
    expect(await answering()).toBe('a hello');
    expect(core.module(NAME)).toMatchObject({ crashes: { total: 1 }, failedStarts: 0, messages: { default: 1 } });
  });

  it('and no crash blames the file when only its date changed', async () => {
    copyFileSync(fixture('build-a'), file);
    await start();
    const bytes = readFileSync(file);
    writeFileSync(file, bytes, { flag: 'r+' });
    expect(await crash()).not.toContain(OVERWRITTEN);
    expect(core.module(NAME).build).toMatchObject({ kept: false, path: file });
  });

  it('after a reload that was refused', async () => {
    copyFileSync(fixture('build-a'), file);
    await start();
    replace('no-init');
    await expect(reload()).rejects.toMatchObject({ code: 'RELOAD_FAILED' });
    await crash();
    expect(await answering()).toBe('a hello');
    replace('build-b');
    expect(await reload()).toMatchObject({ replaced: [NAME] });
    expect(await answering()).toBe('b hello');
    replace('build-a');
    await crash();
    expect(await answering()).toBe('b hello');
  });

  it('without a state directory too, from a copy in the run directory', async () => {
    copyFileSync(fixture('build-a'), file);
    await start([spec()], {});
    replace('build-b');
    await crash();
    expect(await answering()).toBe('a hello');
    expect(core.module(NAME).build?.path.startsWith(join(core.runDir, 'builds'))).toBe(true);
  });

  it('when the trial of its ABI has to be made again', async () => {
    copyFileSync(fixture('build-a'), file);
    await start([spec({ abi: null })]);
    expect(core.module(NAME)).toMatchObject({ abi: 'exports-2020', abiSource: 'trial' });
    overwrite('silent-table');
    await crash();
    expect(core.module(NAME)).toMatchObject({ abi: 'exports-2020', build: { kept: true } });
    expect(await answering()).toBe('a hello');
  });
});

describe('the present file is taken', () => {
  it('by restart, and by start after a stop', async () => {
    copyFileSync(fixture('build-a'), file);
    await start();
    replace('build-b');
    await core.supervisor.restartModule(NAME);
    expect(await answering()).toBe('b hello');
    await core.supervisor.stopModule(NAME);
    replace('build-a');
    await core.supervisor.startModule(NAME);
    expect(await answering()).toBe('a hello');
    replace('build-b');
    await crash();
    expect(await answering()).toBe('a hello');
  });

  it('by a module that is failed', async () => {
    copyFileSync(fixture('build-a'), file);
    await start([spec({ maxCrashes: { count: 1, periodMs: 600_000 } })]);
    await crash();
    process.kill(core.module(NAME).pid as number, 'SIGSEGV');
    await core.until(() => core.module(NAME).state === 'failed');
    replace('build-b');
    await core.supervisor.resetModule(NAME);
    expect(await answering()).toBe('b hello');
  });

  it('by a module that never served, and by the start of a core', async () => {
    copyFileSync(fixture('no-init'), file);
    await start();
    expect(core.report.refused).toMatchObject([{ error: { code: 'MODULE_NO_INIT' } }]);
    replace('build-b');
    await core.supervisor.resetModule(NAME);
    expect(await answering()).toBe('b hello');
    replace('build-a');
    await core.close();
    await start();
    expect(await answering()).toBe('a hello');
  });

  it('by an order after a restart that failed', async () => {
    copyFileSync(fixture('build-a'), file);
    await start();
    replace('no-init');
    await expect(core.supervisor.restartModule(NAME)).rejects.toMatchObject({ code: 'MODULE_NO_INIT' });
    replace('build-b');
    await core.serving(NAME, 3);
    expect(await answering()).toBe('b hello');
  });
});

describe('a file that changes while it is being loaded', () => {
  const name = 'constructor_waits';
  const waiting = () => spec({ name, startTimeoutMs: 60_000 });
  const loading = (times: number) => core.until(() => core.lines(name, 'stdout').length >= times);

  it.each([
    ['replaced', () => replace('build-b')],
    ['overwritten', () => overwrite('build-b')],
    ['removed', () => rmSync(file)],
  ])('is not served: %s, the earlier build is', async (_, change) => {
    copyFileSync(fixture('constructor-waits'), file);
    mkdirSync(stateDir());
    core = new TestCore({ modules: [waiting()] }, {}, { stateDir: stateDir() });
    const started = core.start();
    await loading(1);
    change();
    writeFileSync(join(dirname(file), 'go'), '');
    await started;
    expect(core.report.refused).toEqual([]);
    expect(await answering(name)).toBe('waited hello');
    expect(core.module(name)).toMatchObject({ generation: 2, failedStarts: 0, build: { kept: true } });
    expect(endOf(1, name)).toContain('was changed while it was being loaded; the core starts the build that was there');
  });

  it('takes over in the build that stood there when the reload began', async () => {
    copyFileSync(fixture('constructor-waits'), file);
    writeFileSync(join(dirname(file), 'go'), '');
    await start([waiting()]);
    rmSync(join(dirname(file), 'go'));
    const reloaded = reload([waiting()], [name]);
    await loading(2);
    replace('build-b');
    writeFileSync(join(dirname(file), 'go'), '');
    expect(await reloaded).toMatchObject({ replaced: [name] });
    expect(await answering(name)).toBe('waited hello');
    expect(core.module(name)).toMatchObject({ failedStarts: 0, fileChanged: true, build: { kept: true } });
  });
});

describe('a build that no longer exists anywhere', () => {
  async function expectLost(): Promise<void> {
    const { pid, generation } = core.module(NAME);
    process.kill(pid as number, 'SIGSEGV');
    await core.until(() => core.module(NAME).failedStarts > 0);
    const { lastError } = core.module(NAME);
    expect(lastError).toMatch(/^module names_its_build: the accepted build .* reload the module to take the file/);
    expect(core.lines(NAME).at(-1)).toBe('a hello');
    expect(core.module(NAME)).toMatchObject({ crashes: { total: 1 }, failedStarts: 1 });
    await reload();
    expect(core.module(NAME).generation).toBeGreaterThan(generation);
    expect(await answering()).toBe('b hello');
  }

  it('because it could not be kept, is not replaced by another one unasked', async () => {
    copyFileSync(fixture('build-a'), file);
    mkdirSync(stateDir());
    writeFileSync(join(stateDir(), 'builds'), 'no folder');
    await start();
    expect(await answering()).toBe('a hello');
    expect(core.module(NAME).build?.problem).toMatch(/^no copy of it can be kept \(E/);
    expect(core.lines(NAME, 'supervisor').join('\n')).toContain('the running build cannot start again after a crash');
    // As long as its file is there, nothing is missing.
    await crash();
    expect(await answering()).toBe('a hello');
    await core.supervisor.resetModule(NAME);
    replace('build-b');
    await expectLost();
  });

  it('because its copy is damaged, is not replaced by another one unasked', async () => {
    copyFileSync(fixture('build-a'), file);
    await start();
    expect(await answering()).toBe('a hello');
    const [sha] = builds();
    const copy = join(stateDir(), 'builds', sha as string, 'modules', 'module.so');
    expect(statSync(copy).mode & 0o777).toBe(0o500);
    const bytes = readFileSync(copy);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1;
    rmSync(copy);
    writeFileSync(copy, bytes);
    replace('build-b');
    await expectLost();
  });
});

describe.skipIf(!canMount())('a state directory that takes no copy', () => {
  it.each([
    ['is full', 'size=4k', /^no copy of it can be kept \(ENOSPC/],
    ['is mounted noexec', 'noexec', /^no copy of it can be kept \(.* is mounted noexec/],
  ])('because it %s is reported, and no unchecked file is started in its place', async (_, options, problem) => {
    core = await new TestCore({ modules: [] }).start();
    copyFileSync(fixture('build-a'), file);
    copyFileSync(fixture('build-b'), `${file}.new`);
    mkdirSync(stateDir());
    const script = fileURLToPath(new URL('without-copies.mjs', import.meta.url));
    const command = `mount -t tmpfs -o ${options} none ${stateDir()} && exec ${process.execPath} ${script} ${place}`;
    const { stdout } = await execa('unshare', ['--map-root-user', '--mount', 'sh', '-c', command]);
    const { before, after, reloaded } = JSON.parse(stdout);
    expect(before).toMatchObject({ state: 'serving', build: { kept: false, problem: expect.stringMatching(problem) } });
    expect(after.lastError).toMatch(/the accepted build .* is gone/);
    expect(after).toMatchObject({ failedStarts: 1, crashes: { total: 1 } });
    expect(reloaded.build.sha256).not.toBe(before.build.sha256);
  });
});

it('finds the same files from its copy as beside its file, and beside that folder', async () => {
  mkdirSync(join(place, 'lib'));
  copyFileSync(fixture('libneighbour'), join(place, 'lib', 'libneighbour.so'));
  writeFileSync(join(place, 'modules', 'greeting'), 'good morning');
  copyFileSync(fixture('needs-neighbours'), file);
  const name = 'needs_neighbours';
  await start([spec({ name })]);
  expect(await answering(name)).toBe('libneighbour good morning');
  replace('build-b');
  // What comes later is found too.
  writeFileSync(join(place, 'modules', 'greeting.new'), 'good evening');
  renameSync(join(place, 'modules', 'greeting.new'), join(place, 'modules', 'greeting'));
  await crash(name);
  expect(core.module(name).build?.kept).toBe(true);
  expect(await answering(name)).toBe('libneighbour good evening');
});

it('that was removed is a problem of its module, until a reload keeps another one', async () => {
  replace('build-a');
  await start();
  const problem = () => core.module(NAME).build?.problem;
  expect(problem()).toBeNull();
  rmSync(join(stateDir(), 'builds'), { recursive: true });
  expect(problem()).toMatch(/^the copy of its build is gone \(.*module\.so\); to keep another: mesibo-modules reload /);
  await reload([spec()], [NAME]);
  expect(problem()).toBeNull();
});

it('is not given up by a restart for a file that is not there', async () => {
  replace('build-a');
  await start();
  rmSync(file);
  await expect(core.supervisor.restartModule(NAME)).rejects.toMatchObject({
    code: 'MODULE_FILE_MISSING',
    message: expect.stringContaining('until then the module keeps the build that it has'),
  });
  expect((await core.send('hello')).trace).toMatchObject([{ default: null }]);
});

describe('the folder of the copies', () => {
  it('is for its owner alone, and holds what may be needed again', async () => {
    copyFileSync(fixture('build-a'), file);
    const folder = join(stateDir(), 'builds');
    mkdirSync(join(folder, 'f'.repeat(64), 'modules'), { recursive: true });
    writeFileSync(join(folder, '.new-0123456789abcdef'), 'not finished');
    writeFileSync(join(folder, 'README'), 'not ours');
    await start();
    const first = core.module(NAME).build?.sha256 as string;
    await expect.poll(builds).toEqual(expect.arrayContaining(['README', first]));
    await expect.poll(() => builds().length).toBe(2);
    expect(statSync(join(folder, first)).mode & 0o777).toBe(0o700);
    replace('build-b');
    expect(builds()).toHaveLength(2);
    await reload();
    const second = core.module(NAME).build?.sha256 as string;
    await expect.poll(() => builds().sort()).toEqual(['README', second].sort());
    await core.supervisor.reload(patientConfig({ modules: [] }));
    await expect.poll(builds).toEqual(['README']);
    expect(existsSync(file)).toBe(true);
  });

  it('serves two modules of one file, and two files of the same bytes', async () => {
    const other = join(place, 'others', 'module.so');
    mkdirSync(dirname(other));
    copyFileSync(fixture('build-a'), file);
    copyFileSync(fixture('build-a'), other);
    const names = [NAME, 'second', 'third'];
    const modules = [spec(), spec({ name: 'second' }), spec({ name: 'third', path: other })];
    await start(modules);
    await expect.poll(() => builds().length).toBe(2);
    for (const at of [file, other]) replace('build-b', at);
    for (const name of names) {
      await crash(name);
      expect(core.module(name).build).toMatchObject({ kept: true });
      expect(await answering(name)).toBe('a hello');
    }
    expect(new Set(names.map((name) => core.module(name).build?.path)).size).toBe(2);
    await reload(modules, [NAME]);
    expect(await answering()).toBe('b hello');
    await crash('second');
    expect(await answering('second')).toBe('a hello');
  });
});

it('whose file is missing is shown as such, and as changed when there is another one', async () => {
  replace('build-a');
  await start();
  expect(core.module(NAME)).toMatchObject({ fileChanged: false, fileMissing: false });
  rmSync(file);
  expect(core.module(NAME)).toMatchObject({ fileChanged: true, fileMissing: true });
  replace('build-b');
  expect(core.module(NAME)).toMatchObject({ fileChanged: true, fileMissing: false });
  expect(await crash()).toContain(`to take the new file: mesibo-modules reload ${NAME}`);
});
