/** A shadow has nothing to do with what waits for servers, what its name was before, and the time of others. */

import { copyFileSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { getPriority } from 'node:os';
import { join } from 'node:path';
import type { ModuleOptions } from 'mesibo-modules';
import { afterEach, expect, it } from 'vitest';
import { MemoryKeeper } from '../../helpers/memory-keeper.js';
import { fixture, fixtureModule, makeTempDir, patientConfig, sample, startCore, TestCore } from '../core.js';

let core: TestCore;
afterEach(() => core.close());

const config = (modules: ModuleOptions[]) => patientConfig({ modules });
const filter = (name: string, words: string, options: Partial<ModuleOptions> = {}): ModuleOptions => ({
  name,
  path: sample('filter'),
  config: { blocked_words: words },
  ...options,
});
const shadow = (file: string, options: Partial<ModuleOptions> = {}) =>
  fixtureModule(file, { name: 'shadow', shadowOf: 'primary', ...options });

it('sends when the store takes no more of its name: nothing of it is stored', async () => {
  const sendKeeper = new MemoryKeeper();
  core = new TestCore({ modules: [filter('primary', 'x'), shadow('sends-many')] }, {}, { sendKeeper });
  await core.start();
  sendKeeper.fill('shadow', true);
  await core.send('3');
  await expect.poll(() => core.supervisor.shadowReport('shadow').totals.sends).toBe(3);
  expect(core.lines('shadow')).toEqual([]);
  expect(core.module('shadow').sends.refused).toBe(0);
});

it('counts anew when it shadows another module', async () => {
  const modules = (shadowOf: string) => [filter('one', 'x'), filter('two', 'y'), filter('shadow', 'x', { shadowOf })];
  core = await startCore(modules('one'));
  await core.send('x');
  await expect.poll(() => core.supervisor.shadowReport('shadow').compared).toBe(1);
  expect(await core.supervisor.reload(config(modules('two')))).toMatchObject({ configured: ['shadow'], replaced: [] });
  expect(core.supervisor.shadowReport('shadow')).toMatchObject({ shadowOf: 'two', compared: 0 });
  await core.send('y');
  await expect.poll(() => core.supervisor.shadowReport('shadow').totals.otherVerdict).toBe(1);
});

it('that is refused http counts from 0 after a reset, although its process goes on', async () => {
  core = await startCore([filter('primary', 'x'), shadow('asks-2020')]);
  const { pid } = core.module('shadow');
  const refused = () => core.supervisor.shadowReport('shadow').totals.refusedHttp;
  await core.send('url=http://127.0.0.1:1/\ntimes=3');
  await expect.poll(refused).toBe(3);
  core.supervisor.shadowReport('shadow', { reset: true });
  expect([refused(), core.module('shadow').pid]).toEqual([0, pid]);
  await core.send('url=http://127.0.0.1:1/\ntimes=2');
  await expect.poll(refused).toBe(2);
  await core.supervisor.restartModule('shadow');
  expect(refused()).toBe(2);
});

it('gives way to other processes: with all its threads, and as a session', async () => {
  core = await startCore([filter('primary', 'x'), shadow('silent-2020')]);
  const niceOf = (pid: number) =>
    readdirSync(`/proc/${pid}/task`).map((thread) => {
      const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8');
      return Number(stat.slice(stat.lastIndexOf(')')).split(' ')[17]);
    });
  const groupOf = (pid: number) => {
    try {
      return readFileSync(`/proc/${pid}/autogroup`, 'utf8').trim().replace(/^.* /, '');
    } catch {
      return null;
    }
  };
  const [one, other] = ['shadow', 'primary'].map((name) => core.module(name).pid as number) as [number, number];
  expect(niceOf(one).length).toBeGreaterThan(4);
  expect(new Set(niceOf(one))).toEqual(new Set([10]));
  expect(new Set(niceOf(other))).toEqual(new Set([getPriority()]));
  const hasGroups = groupOf(process.pid) !== null;
  expect([groupOf(one), groupOf(other)]).toEqual(hasGroups ? ['10', '0'] : [null, null]);
});

it('that cannot start in the place of a module leaves the counters of that', async () => {
  core = await startCore([filter('primary', 'x'), filter('other', 'y')]);
  await core.send('hello');
  const counted = () => core.module('other').messages;
  const before = counted();
  const bad = fixtureModule('init-returns-minus-one', { name: 'other', shadowOf: 'primary' });
  await expect(core.supervisor.reload(config([filter('primary', 'x'), bad]))).rejects.toMatchObject({
    code: 'RELOAD_FAILED',
  });
  expect(counted()).toEqual(before);
  expect(core.module('other')).toMatchObject({ state: 'serving', shadowOf: null });
  await core.supervisor.reload(config([filter('primary', 'x'), filter('other', 'y', { shadowOf: 'primary' })]));
  expect(counted()).not.toEqual(before);
});

it('that is stopped is said to be so by a dry run that takes it into the chain, as by the reload', async () => {
  core = await startCore([filter('primary', 'x'), shadow('silent-2020')]);
  await core.supervisor.stopModule('shadow');
  const next = config([filter('primary', 'x'), shadow('silent-2020', { shadowOf: null })]);
  const said = { replaced: ['shadow'], stopped: ['shadow'] };
  expect(await core.supervisor.planReload(next)).toMatchObject(said);
  expect(await core.supervisor.reload(next)).toMatchObject(said);
});

it('is not promoted in the place of another shadow, which a reload of some modules may have left', async () => {
  core = await startCore([
    filter('a', 'x'),
    filter('b', 'y', { shadowOf: null }),
    filter('shadow', 'z', { shadowOf: 'b' }),
  ]);
  const next = config([
    filter('a', 'x'),
    filter('b', 'y', { shadowOf: 'a' }),
    filter('shadow', 'z', { shadowOf: 'a' }),
  ]);
  await core.supervisor.reload(next, { modules: ['b'] });
  await expect(core.supervisor.promoteModule('shadow')).rejects.toMatchObject({
    code: 'ILLEGAL_STATE',
    message: expect.stringContaining('module b: it is a shadow itself'),
  });
  expect(core.supervisor.problems()).toEqual([
    'module shadow shadows b, which is not in the chain, so it sees nothing; reload all modules',
  ]);
  await core.supervisor.reload(next);
  expect(core.supervisor.problems()).toEqual([]);
});

it('that has killed itself by a message takes this knowledge with it when it is promoted', async () => {
  const kills = shadow('kills-by-word', { quarantine: 1, backoff: { minMs: 1, maxMs: 1 } });
  core = await startCore([filter('primary', 'x', { quarantine: 1 }), kills]);
  await core.send('null and void');
  await core.until(() => core.logs.some(({ text }) => text.includes('shadow') && text.includes('quarantine')));
  await core.serving('shadow', 2);
  await core.supervisor.promoteModule('shadow');
  const { trace } = await core.send('null and void');
  expect(trace).toMatchObject([{ module: 'primary', default: 'quarantine' }]);
  expect(core.module('primary').crashes.total).toBe(0);
  // Back: the filter gets it.
  await core.supervisor.promoteModule('shadow');
  expect((await core.send('null and void')).trace).toMatchObject([{ module: 'primary', default: null }]);
});

it('is not promoted when the way back would lead to another file of the primary', async () => {
  const directory = makeTempDir();
  mkdirSync(join(directory, 'modules'));
  const path = join(directory, 'modules', 'primary.so');
  copyFileSync(sample('filter'), path);
  core = await startCore([{ ...filter('primary', 'x'), path }, shadow('silent-2020')]);
  copyFileSync(fixture('silent-2020'), `${path}.new`);
  renameSync(`${path}.new`, path);
  await expect(core.supervisor.promoteModule('shadow')).rejects.toMatchObject({
    code: 'ILLEGAL_STATE',
    message: expect.stringMatching(/module primary: its file has changed .*the way back would lead to another version/),
  });
  rmSync(directory, { recursive: true });
});
