/** Each way in which a new version may break on probation: the old one serves again. */

import { afterEach, describe, expect, it } from 'vitest';
import { fixtureModule, startCore, type TestCore } from '../core.js';
import { HEARTBEAT_MS, Load, NAME, reload, version } from './scene.js';

let core: TestCore;
afterEach(() => core.close());

const start = (modules = [version('1')]) => startCore(modules, { heartbeatMs: HEARTBEAT_MS });

describe('a version', () => {
  it.each([
    ['crashes on its first message', { at: '1', how: 'crash' }, ['crash'], 'SIGABRT'],
    ['crashes on its 100th message', { at: '100', how: 'crash' }, ['crash'], 'SIGABRT'],
    ['exits', { at: '20', how: 'exit' }, ['crash'], 'exit(7)'],
    ['hangs', { at: '20', how: 'hang' }, ['hang'], 'did not return'],
    ['crashes between two messages', { at: '20', how: 'idle' }, [], 'SIGABRT'],
    ['closes its connection', { at: '20', how: 'close' }, null, ''],
  ])(
    'that %s gives way to the old one, and only the message that it worked on gets a default',
    async (_, broken, defaults, why) => {
      core = await start([version('1', {}, { hangMs: 1000 })]);
      const before = core.module(NAME);
      const load = new Load(core);
      await load.more(50);
      const report = await reload(core, [version('2', broken, { hangMs: 1000 })]);
      expect(report).toMatchObject({ replaced: [NAME], probation: [] });
      expect(report.wentBack).toEqual([{ module: NAME, reason: expect.stringContaining(why) }]);
      await load.more(50);
      const given = await load.end();
      // What was on its way to a host that nobody reaches may be lost as well.
      if (defaults === null) expect(given.length).toBeLessThanOrEqual(1);
      else expect(given.filter((reason) => !defaults.includes(reason))).toEqual([]);
      expect(given.length).toBeLessThanOrEqual(1);
      const after = core.module(NAME);
      expect(after).toMatchObject({ state: 'serving', pid: before.pid, generation: before.generation, restarts: 0 });
      expect(after).toMatchObject({
        probationUntil: null,
        takenBack: report.wentBack[0]?.reason,
        crashes: { total: 1 },
      });
      expect(core.supervisor.describeModule(NAME, { reveal: true }).config[0]).toMatchObject({ value: '1' });
      await core.until(() => core.module(NAME).hosts.length === 1);
      const versions = core.lines(NAME).map((line) => line[0]);
      expect(versions.join('')).toMatch(/^1+2*1+$/);
      const died = core.lives.find((event) => event.kind === 'exited' && event.generation === before.generation + 1);
      expect(died).toMatchObject({ card: expect.any(String), text: expect.stringContaining('takes over again') });
      const told = core.logs.filter(({ level, text }) => level === 0 && text.includes('the reload was taken back'));
      expect(told).toHaveLength(1);
    },
  );

  it('that hangs gives way before the messages behind it reach their deadline, also without hang', async () => {
    const limits = { hangMs: null, deadlineMs: 8000 };
    core = await start([version('1', {}, limits)]);
    const load = new Load(core);
    await load.more(50);
    const report = await reload(core, [version('2', { at: '20', how: 'hang' }, limits)]);
    expect(report.wentBack).toMatchObject([{ reason: expect.stringContaining('on probation it has 6s') }]);
    await load.more(50);
    expect(await load.end()).toEqual(['hang']);
  });

  it('that has held has its usual time after the probation', async () => {
    const limits = { hangMs: null, deadlineMs: 100, probationMs: 1000 };
    core = await start([version('1', {}, limits)]);
    const report = await reload(core, [version('2', { at: '2', how: 'hang' }, limits)]);
    expect(report).toMatchObject({ replaced: [NAME], wentBack: [] });
    const stuck = [await core.send('0:1'), await core.send('0:2')];
    expect(stuck.flatMap(({ trace }) => trace.map((entry) => entry.default))).toEqual([null, 'deadline']);
    // Longer than it would have had on probation.
    await new Promise((done) => setTimeout(done, 1000));
    expect(core.module(NAME)).toMatchObject({ generation: 2, crashes: { total: 0 } });
  });

  it('that is refused at its start changes nothing, as ever', async () => {
    core = await start([version('1')]);
    const { pid } = core.module(NAME);
    const other = { ...fixtureModule('no-init'), name: NAME };
    await expect(reload(core, [{ ...other, probationMs: 5000 }])).rejects.toMatchObject({ code: 'RELOAD_FAILED' });
    expect(core.module(NAME)).toMatchObject({ pid, state: 'serving', takenBack: null });
  });

  it('that holds stays, and the old one ends in order, also one that crashes in its cleanup', async () => {
    core = await start([version('1', { cleanup: 'crash' })]);
    const load = new Load(core);
    await load.more(20);
    const report = await reload(core, [version('2', {}, { probationMs: 500 })]);
    expect(report).toMatchObject({ replaced: [NAME], probation: [], wentBack: [] });
    await core.until(() => core.module(NAME).hosts.length === 1);
    expect(await load.end()).toEqual([]);
    expect(core.module(NAME)).toMatchObject({ state: 'serving', generation: 2, takenBack: null, probationUntil: null });
    expect(core.lines(NAME).at(-1)).toMatch(/^2 /);
  });
});

describe('with replicas', () => {
  const hostsOf = () =>
    core
      .module(NAME)
      .hosts.map(({ pid }) => pid)
      .sort();

  it('all go back when one fails, also into a crash of the others in their cleanup', async () => {
    core = await start([version('1', {}, { replicas: 3 })]);
    const before = hostsOf();
    const load = new Load(core);
    await load.more(50);
    const report = await reload(core, [version('2', { at: '30', cleanup: 'crash' }, { replicas: 3 })]);
    expect(report.wentBack).toHaveLength(1);
    await load.more(50);
    const given = await load.end();
    expect(given.filter((reason) => reason !== 'crash')).toEqual([]);
    await core.until(() => core.module(NAME).hosts.length === 3);
    expect(hostsOf()).toEqual(before);
    expect(core.module(NAME).replicas).toMatchObject({ wanted: 3, serving: 3 });
  });

  it.each([
    [1, 3],
    [3, 1],
  ])('their number goes back too: from %d to %d', async (from, to) => {
    core = await start([version('1', {}, { replicas: from })]);
    const load = new Load(core);
    await load.more(50);
    const report = await reload(core, [version('2', { at: '30' }, { replicas: to })]);
    expect(report.wentBack).toHaveLength(1);
    await core.until(() => {
      const { replicas, hosts } = core.module(NAME);
      return replicas.serving === from && hosts.length === from;
    });
    await load.more(50);
    expect((await load.end()).filter((reason) => reason !== 'crash')).toEqual([]);
    expect(core.module(NAME).replicas).toMatchObject({ wanted: from, serving: from });
    const last = core.lines(NAME).slice(-20);
    expect(last.filter((line) => !line.startsWith('1 '))).toEqual([]);
  });
});
