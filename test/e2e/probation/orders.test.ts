/** What an operator orders while a module is on probation. */

import { afterEach, expect, it } from 'vitest';
import { fixtureModule, isRunning, patientConfig, startCore, type TestCore } from '../core.js';
import { HEARTBEAT_MS, NAME, reload, version } from './scene.js';

let core: TestCore;
afterEach(() => core.close());

const other = fixtureModule('silent-2020');

async function onProbation(config: Record<string, string> = {}, modules = [other]) {
  core = await startCore([version('1'), ...modules], { heartbeatMs: HEARTBEAT_MS });
  const old = core.module(NAME).pid as number;
  const report = await reload(core, [version('2', config), ...modules], { wait: false });
  expect(report).toMatchObject({ replaced: [NAME], probation: [NAME], wentBack: [] });
  return old;
}

const answering = async () => {
  await core.send('hi');
  return core.lines(NAME).at(-1);
};

it('the old process is there, and gets nothing', async () => {
  const old = await onProbation();
  expect(await answering()).toBe('2 hi');
  const { hosts, state, probationUntil, pid } = core.module(NAME);
  expect(hosts.map((host) => [host.pid, host.state, host.role])).toEqual([
    [pid, 'ready', 'serving'],
    [old, 'ready', 'kept'],
  ]);
  expect([state, Date.parse(probationUntil as string) > Date.now()]).toEqual(['replacing', true]);
});

it('another reload ends it first: the way back leads to the version before that one', async () => {
  const first = await onProbation();
  const second = core.module(NAME).pid as number;
  const report = await reload(core, [version('3'), other], { wait: false });
  expect(report.probation).toEqual([NAME]);
  expect([isRunning(first), core.module(NAME).hosts.length]).toEqual([false, 2]);
  const waiting = reload(core, [version('4', { at: '1' }), other]);
  await core.until(() => core.module(NAME).generation === 4);
  expect(isRunning(second)).toBe(false);
  expect(await core.send('breaks it')).toMatchObject({ trace: [{ default: 'crash' }, { default: null }] });
  expect((await waiting).wentBack).toHaveLength(1);
  expect(await answering()).toBe('3 hi');
});

it('a waiting reload ends when the module is stopped, and no process is left', async () => {
  core = await startCore([version('1'), other], { heartbeatMs: HEARTBEAT_MS });
  const waiting = reload(core, [version('2'), other]);
  await core.until(() => core.module(NAME).probationUntil !== null);
  await core.supervisor.stopModule(NAME);
  expect(await waiting).toMatchObject({ wentBack: [], cutShort: [{ module: NAME, reason: 'the module was stopped' }] });
  expect(core.module(NAME)).toMatchObject({ state: 'stopped', hosts: [], probationUntil: null });
  await core.supervisor.startModule(NAME);
  expect(await answering()).toBe('2 hi');
});

it.each<[string, string, () => Promise<unknown>]>([
  ['a restart', 'the module was restarted', () => core.supervisor.restartModule(NAME)],
  ['another version', 'another reload began', () => reload(core, [version('3'), other], { wait: false })],
  [
    'other settings',
    'another reload changed its settings',
    () => reload(core, [version('2', {}, { deadlineMs: 15_000 }), other]),
  ],
  ['its removal', 'the module was removed', () => reload(core, [other])],
  [
    'the end of the old process',
    'the process before it can no longer take over',
    async () => process.kill(core.module(NAME).hosts[1]?.pid as number, 'SIGKILL'),
  ],
])('a reload that %s has cut short says so, and so does the log', async (_, reason, order) => {
  core = await startCore([version('1'), other], { heartbeatMs: HEARTBEAT_MS });
  const waiting = reload(core, [version('2'), other]);
  await core.until(() => core.module(NAME).probationUntil !== null);
  await order();
  const { cutShort, wentBack } = await waiting;
  expect([cutShort, wentBack]).toEqual([[{ module: NAME, afterMs: expect.any(Number), reason }], []]);
  expect(core.logs.filter(({ text }) => text.includes(`ended early, after`) && text.endsWith(reason))).toHaveLength(1);
});

it('a second reload that changes nothing waits as well, and says the same', async () => {
  await onProbation({ at: '1' });
  const waiting = reload(core, [version('2', { at: '1' }), other]);
  const isPending = await Promise.race([waiting, core.send('breaks it').then(() => null)]);
  expect(isPending).toBeNull();
  expect(await waiting).toMatchObject({
    replaced: [],
    wentBack: [{ module: NAME, reason: expect.stringContaining('SIGABRT') }],
    cutShort: [],
  });
  await reload(core, [version('2'), other], { wait: false });
  const again = reload(core, [version('2'), other]);
  const named = await reload(core, [version('2'), other], { names: [other.name] });
  expect(named).toMatchObject({ replaced: [other.name], unchanged: [NAME] });
  await core.supervisor.stopModule(NAME);
  expect(await again).toMatchObject({ wentBack: [], cutShort: [{ module: NAME, reason: 'the module was stopped' }] });
});

it('a restart ends it', async () => {
  const old = await onProbation();
  await core.supervisor.restartModule(NAME);
  await core.until(() => core.module(NAME).hosts.length === 1);
  expect([isRunning(old), core.module(NAME).generation, await answering()]).toEqual([false, 3, '2 hi']);
});

it('it ends with the core, and with the module', async () => {
  await onProbation();
  await reload(core, [other]);
  expect(core.supervisor.status().modules).toHaveLength(1);
  await reload(core, [version('1'), other]);
  await reload(core, [version('2'), other], { wait: false });
  // The core is stopped by the end of the test, which checks that nothing is left.
});

it('goes on through a reload for others, and what they got stays when it goes back', async () => {
  const old = await onProbation({ at: '1' });
  const changed = { ...other, deadlineMs: 4321 };
  expect(await reload(core, [version('2', { at: '1' }), changed])).toMatchObject({
    configured: [other.name],
    unchanged: [NAME],
  });
  expect(core.module(NAME).probationUntil).not.toBeNull();
  await core.send('breaks it');
  await core.until(() => core.module(NAME).takenBack !== null);
  expect([core.module(NAME).pid, await answering()]).toEqual([old, '1 hi']);
  expect(core.supervisor.describeModule(other.name).settings.find(({ key }) => key === 'deadline')?.value).toBe(
    '4321ms',
  );
});

it('a change of its settings ends it', async () => {
  const old = await onProbation({ at: '1' });
  await reload(core, [version('2', { at: '1' }, { deadlineMs: 15_000 }), other]);
  await core.until(() => core.module(NAME).hosts.length === 1);
  expect([isRunning(old), core.module(NAME).probationUntil]).toEqual([false, null]);
  await core.send('breaks it');
  await core.serving(NAME, 3);
  expect(core.module(NAME).takenBack).toBeNull();
});

it('ends when the old process dies: the new one goes on', async () => {
  const old = await onProbation();
  process.kill(old, 'SIGKILL');
  await core.until(() => core.module(NAME).hosts.length === 1);
  expect(core.module(NAME)).toMatchObject({ state: 'serving', generation: 2, probationUntil: null, takenBack: null });
  expect(await answering()).toBe('2 hi');
});

it('a module in a crash loop has no old process to keep: the reload goes on as without probation', async () => {
  const crashes = version('1', { at: '1' }, { backoff: { minMs: 60_000, maxMs: 60_000 } });
  core = await startCore([crashes, other], { heartbeatMs: HEARTBEAT_MS });
  await core.send('breaks it');
  await core.serving(NAME, 2);
  await core.send('breaks it again');
  await core.until(() => core.module(NAME).state === 'backoff');
  const report = await reload(core, [version('2'), other]);
  expect(report).toMatchObject({ replaced: [NAME], probation: [], wentBack: [] });
  expect(await answering()).toBe('2 hi');
  // The process that took over is the one that goes on.
  expect(core.module(NAME)).toMatchObject({ state: 'serving', generation: 3, hosts: [{ state: 'ready' }] });
});

it('what was taken back is shown until the next reload', async () => {
  await onProbation({ at: '1' });
  await core.send('breaks it');
  await core.until(() => core.module(NAME).takenBack !== null);
  const plan = await core.supervisor.planReload(patientConfig({ modules: [version('2', { at: '1' }), other] }));
  expect(plan).toMatchObject({
    replaced: [NAME],
    changes: [{ module: NAME, settings: ['config.version', 'config.at'] }],
  });
  expect(await reload(core, [version('1'), other])).toMatchObject({ unchanged: expect.arrayContaining([NAME]) });
  expect(core.module(NAME).takenBack).toBeNull();
});
