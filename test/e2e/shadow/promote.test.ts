import { copyFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ModuleOptions } from 'mesibo-modules';
import { afterEach, describe, expect, it } from 'vitest';
import { fixture, fixtureModule, makeTempDir, patientConfig, sample, startCore, type TestCore } from '../core.js';

let core: TestCore;
afterEach(() => core.close());

const filter: ModuleOptions = { name: 'primary', path: sample('filter'), config: { blocked_words: 'never' } };
const sender = fixtureModule('sends-many', { name: 'shadow', shadowOf: 'primary', deadlineMs: 7_000 });
const config = (modules: ModuleOptions[]) => patientConfig({ modules });

/** Sends messages of one conversation, each from another user, until told to end. */
function sendSteadily() {
  const outcomes: Awaited<ReturnType<TestCore['send']>>[] = [];
  let next = 0;
  let ending = false;
  const senders = Array.from({ length: 8 }, async () => {
    while (!ending) outcomes.push(await core.send('1', { from: `m${next++}`, to: 'x', groupid: 5 }));
  });
  return {
    passed: (more: number) => {
      const from = outcomes.length;
      return expect.poll(() => outcomes.length, { timeout: 60_000 }).toBeGreaterThan(from + more);
    },
    end: async () => {
      ending = true;
      await Promise.all(senders);
      return { outcomes, count: next };
    },
  };
}

describe('a promotion', () => {
  it('has no probation, so that neither of both goes back alone', async () => {
    core = await startCore([
      { ...filter, probationMs: 60_000 },
      { ...sender, probationMs: 60_000 },
    ]);
    await core.supervisor.promoteModule('shadow');
    for (const name of ['primary', 'shadow']) {
      expect(core.module(name)).toMatchObject({ state: 'serving', probationUntil: null });
      expect(core.module(name).hosts).toHaveLength(1);
    }
    await core.supervisor.promoteModule('shadow');
    expect(core.module('primary').path).toBe(filter.path);
  });

  it('exchanges both versions under load: no message is lost, doubled, defaulted or out of order', async () => {
    core = await startCore([filter, sender]);
    const load = sendSteadily();
    await load.passed(200);
    expect(core.sent).toEqual([]);
    const report = await core.supervisor.promoteModule('shadow');
    expect(report).toEqual({
      module: 'primary',
      shadow: 'shadow',
      toChange: [
        { key: 'path', value: sender.path },
        { key: 'config', value: null },
      ],
      warnings: [expect.stringContaining('mesibo_module_sends_many_init'), expect.stringContaining('filter_init')],
    });
    await load.passed(200);
    const { outcomes, count } = await load.end();
    expect(
      outcomes.flatMap(({ trace }) => trace).every(({ module, default: reason }) => module === 'primary' && !reason),
    ).toBe(true);
    // From one message on, each leads to one send, in their order.
    await core.until(() => core.sent.at(-1)?.params.to === `m${count - 1}`);
    const numbers = core.sent.map(({ params }) => Number(params.to?.slice(1)));
    expect(numbers.length).toBeGreaterThan(200);
    expect(numbers).toEqual(numbers.map((_, i) => count - numbers.length + i));
    expect(core.sent.every(({ module }) => module === 'primary')).toBe(true);
    // Settings of the place stay.
    const settings = (name: string) => core.supervisor.describeModule(name).settings;
    expect(settings('shadow')).toContainEqual(expect.objectContaining({ key: 'deadline', value: '7s' }));
    expect(core.module('shadow')).toMatchObject({ shadowOf: 'primary', state: 'serving', path: sample('filter') });
    // Both pass all. What was offered before the exchange does not count any more.
    const { totals } = core.supervisor.shadowReport('shadow');
    expect(totals).toMatchObject({ otherVerdict: 0, otherChanges: 0, primaryDefaulted: 0 });
  });

  it('is a problem of the core until the configuration agrees, and the next reload goes by that', async () => {
    core = await startCore([filter, sender]);
    const versions = () => ['primary', 'shadow'].map((name) => core.module(name).path);
    const before = versions();
    await core.supervisor.promoteModule('shadow');
    expect(versions()).toEqual([...before].reverse());
    expect(core.supervisor.problems()).toEqual([expect.stringContaining('module primary runs the promoted version')]);
    // Back by another promotion.
    await core.supervisor.promoteModule('shadow');
    expect([versions(), core.supervisor.problems()]).toEqual([before, []]);
    // Back by a reload of the same file.
    await core.supervisor.promoteModule('shadow');
    const same = await core.supervisor.reload(config([filter, sender]));
    expect(same.replaced).toEqual(['primary', 'shadow']);
    expect([versions(), core.supervisor.problems()]).toEqual([before, []]);
    // Kept by a file that says so.
    await core.supervisor.promoteModule('shadow');
    const { path } = sender;
    const agreed = await core.supervisor.reload(config([{ name: 'primary', path: path as string }]));
    expect(agreed).toMatchObject({ replaced: [], unchanged: ['primary'], removed: ['shadow'] });
    expect(core.supervisor.problems()).toEqual([]);
    expect(core.module('primary').path).toBe(path);
  });

  it('is refused for a module that is no shadow, and for one that does not serve', async () => {
    const refusing = fixtureModule('versioned', { name: 'shadow', shadowOf: 'primary', config: { version: '2' } });
    core = await startCore([filter, refusing]);
    const promote = (name: string) => core.supervisor.promoteModule(name).catch((error: Error) => error);
    expect(await promote('primary')).toMatchObject({
      code: 'ILLEGAL_STATE',
      message: expect.stringContaining('it is not a shadow'),
    });
    expect(await promote('shadw')).toMatchObject({ code: 'MODULE_UNKNOWN' });
    await core.supervisor.stopModule('shadow');
    expect(await promote('shadow')).toMatchObject({
      code: 'ILLEGAL_STATE',
      message: expect.stringContaining('module shadow: it is stopped, and both must serve'),
    });
  });

  it('leaves everything as it was when one of both versions does not start', async () => {
    const directory = makeTempDir();
    // Of this module there can be one process at a time.
    const alone = fixtureModule('sequence', { name: 'primary', config: { alone: join(directory, 'lock') } });
    core = await startCore([alone, sender]);
    const now = () => core.supervisor.status().modules.map(({ pid, path, state }) => ({ pid, path, state }));
    const before = now();
    await expect(core.supervisor.promoteModule('shadow')).rejects.toMatchObject({
      code: 'RELOAD_FAILED',
      failures: [{ module: 'shadow' }],
    });
    expect(now()).toEqual(before);
    expect(core.module('primary').hosts).toHaveLength(1);
    expect(core.supervisor.problems()).toEqual([]);
    rmSync(directory, { recursive: true });
  });

  it('is a problem also where the block of the shadow alone says something else', async () => {
    core = await startCore([filter, sender]);
    await core.supervisor.promoteModule('shadow');
    const { path, config: settings } = sender;
    const next = config([{ name: 'primary', path: path as string, config: settings ?? {} }, sender]);
    await core.supervisor.reload(next, { modules: ['primary'] });
    expect(core.supervisor.problems()).toEqual([
      expect.stringContaining('module shadow runs the version that was in use before the promotion'),
    ]);
    await core.supervisor.reload(next);
    expect(core.supervisor.problems()).toEqual([]);
  });

  it('that a reload undoes is said by that reload', async () => {
    core = await startCore([filter, sender]);
    await core.supervisor.promoteModule('shadow');
    const takeOver = (modules: ModuleOptions[]) => core.supervisor.takeOver(config(modules));
    const other = { ...filter, deadlineMs: 9_000, path: sender.path as string, config: {} };
    expect((await takeOver([other, sender])).warnings).toEqual([]);
    await core.supervisor.promoteModule('shadow').catch(() => undefined);
    expect((await takeOver([filter, sender])).warnings).toEqual([]);
    await core.supervisor.promoteModule('shadow');
    expect((await takeOver([filter, sender])).warnings).toEqual([
      'this reload undoes the promotion of shadow: primary runs what its block says again',
    ]);
    expect((await takeOver([filter, sender])).warnings).toEqual([]);
  });

  it('of a shadow that gave no verdict is made, with a warning', async () => {
    core = await startCore([filter, sender]);
    await core.supervisor.stopModule('shadow');
    await core.send('1');
    await expect.poll(() => core.supervisor.shadowReport('shadow').totals.skipped.down, { timeout: 60_000 }).toBe(1);
    await core.supervisor.startModule('shadow');
    const { warnings } = await core.supervisor.promoteModule('shadow');
    expect(warnings).toContainEqual(expect.stringMatching(/^shadow gave no verdict on 1 of 1 messages since /));
    expect(core.module('primary').path).toBe(sender.path);
  });

  it('is refused where there is nothing to exchange', async () => {
    core = await startCore([filter, { ...filter, name: 'shadow', shadowOf: 'primary' }]);
    await expect(core.supervisor.promoteModule('shadow')).rejects.toMatchObject({
      code: 'ILLEGAL_STATE',
      message: expect.stringContaining('it runs the same version as primary'),
    });
  });

  it('is refused on probation, and says until when', async () => {
    core = await startCore([{ ...filter, probationMs: 60_000 }, sender]);
    const next = config([{ ...filter, probationMs: 60_000, config: { blocked_words: 'other' } }, sender]);
    await core.supervisor.reload(next, { wait: false });
    await expect(core.supervisor.promoteModule('shadow')).rejects.toMatchObject({
      code: 'ILLEGAL_STATE',
      message: expect.stringMatching(
        /module primary: its last reload is on probation until [-\dT:]{19}Z; promote shadow after that$/,
      ),
    });
    // It goes on.
    expect(core.module('primary')).toMatchObject({ state: 'replacing', probationUntil: expect.any(String) });
  });

  it('is refused when the file of the shadow has changed: another version would be promoted than was compared', async () => {
    const directory = makeTempDir();
    const path = join(directory, 'sends-many.so');
    copyFileSync(sender.path as string, path);
    core = await startCore([filter, { ...sender, path }]);
    copyFileSync(fixture('silent-table'), `${path}.new`);
    renameSync(`${path}.new`, path);
    const promoted = core.supervisor.promoteModule('shadow');
    await expect(promoted).rejects.toMatchObject({
      code: 'ILLEGAL_STATE',
      message: expect.stringContaining('its file has changed'),
    });
    rmSync(directory, { recursive: true });
  });
});
