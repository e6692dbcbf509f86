import { copyFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ConfigOptions, ModuleOptions, ReloadError } from 'mesibo-modules';
import { afterEach, describe, expect, it } from 'vitest';
import { fixture, fixtureModule, fixtureOf, isRunning, patientConfig, startCore, type TestCore } from './core.js';

let core: TestCore;
afterEach(() => core.close());

/** The one module that these tests are about, in a version. */
function versioned(version: string, more: Record<string, string> = {}, options: Partial<ModuleOptions> = {}) {
  return fixtureModule('versioned', { config: { version, ...more }, ...options });
}

const passing = fixtureModule('silent-2020');

function reload(modules: ModuleOptions[], names: string[] = [], options: Omit<ConfigOptions, 'modules'> = {}) {
  return core.supervisor.reload(patientConfig({ ...options, modules }), { modules: names });
}

/** Sends numbered messages, a few at a time, until told to end; resolves with the outcomes. */
function sendSteadily(): {
  end: () => Promise<Awaited<ReturnType<TestCore['send']>>[]>;
  sent: (n: number) => Promise<void>;
} {
  const outcomes: Awaited<ReturnType<TestCore['send']>>[] = [];
  let next = 0;
  let ending = false;
  const send = async () => {
    while (!ending) outcomes.push(await core.send(String(next++)));
  };
  const senders = Array.from({ length: 8 }, send);
  return {
    sent: async (n) => {
      const from = outcomes.length;
      while (outcomes.length < from + n) await core.send('between');
    },
    end: async () => {
      ending = true;
      await Promise.all(senders);
      return outcomes;
    },
  };
}

describe('a reload', () => {
  it('hands over without losing, defaulting or reordering a message', async () => {
    core = await startCore([versioned('1', { work: '1' }), passing]);
    const before = core.module('versioned');
    const other = core.module(passing.name).pid;
    const load = sendSteadily();
    await load.sent(20);
    for (const version of ['2', '3', '4']) {
      const report = await reload([versioned(version, { work: '1' }), passing]);
      expect(report).toMatchObject({ replaced: ['versioned'], unchanged: [passing.name], added: [], needRestart: [] });
      await load.sent(20);
    }
    const outcomes = await load.end();
    expect(outcomes.flatMap(({ trace }) => trace).filter((entry) => entry.default !== null)).toEqual([]);
    const after = core.module('versioned');
    expect(after).toMatchObject({ state: 'serving', generation: before.generation + 3, restarts: 0, lastError: null });
    expect(after.crashes.total).toBe(0);
    expect(after.hosts).toHaveLength(1);
    expect(isRunning(before.pid as number)).toBe(false);
    expect(core.module(passing.name).pid).toBe(other);
    const lines = core.lines('versioned');
    expect(lines.map((line) => line.split(' ')[0])).toEqual([...lines.map((line) => line.split(' ')[0])].sort());
    const numbers = lines.map((line) => line.split(' ')[1]).filter((text) => text !== 'between');
    expect(numbers).toHaveLength(outcomes.length);
    // Eight are in progress at a time, and enter the module in their order.
    expect(numbers.map(Number)).toEqual(numbers.map((_, i) => i));
  });

  it('lets a module finish what it works on before the next one begins', async () => {
    core = await startCore([versioned('1', { work: '300' })]);
    const slow = core.send('slow');
    const waiting = core.send('waiting');
    await reload([versioned('2')]);
    await core.send('later');
    await Promise.all([slow, waiting]);
    expect(core.lines('versioned')).toEqual(['1 slow', '1 waiting', '2 later']);
  });

  it.each([
    ['refuses', 'refuse', 'init returned -1', 'version 2 does not want to'],
    ['crashes at its start', 'crash', 'SIGABRT', 'nothing was changed'],
    ['is never ready', 'hang', 'its init did not return in time; start_timeout', 'nothing was changed'],
  ])('that %s leaves everything as it was, and says why', async (_, init, ...said) => {
    // Also on a busy machine a host comes up in less, so that it is the init that is waited for.
    const options = { startTimeoutMs: init === 'hang' ? 3000 : 60_000 };
    core = await startCore([versioned('1'), passing]);
    const before = [core.module('versioned'), core.module(passing.name)].map(({ pid, generation }) => [
      pid,
      generation,
    ]);
    const load = sendSteadily();
    const changed = { ...passing, config: { changed: 'too' } };
    const error = await reload([changed, versioned('2', { init }, options)]).catch((error: ReloadError) => error);
    expect(error).toMatchObject({ code: 'RELOAD_FAILED', failures: [{ module: 'versioned' }] });
    for (const words of said) expect((error as ReloadError).message).toContain(words);
    const outcomes = await load.end();
    expect(outcomes.flatMap(({ trace }) => trace).filter((entry) => entry.default !== null)).toEqual([]);
    const after = [core.module('versioned'), core.module(passing.name)];
    expect(after.map(({ pid, generation }) => [pid, generation])).toEqual(before);
    expect(after.every(({ state, hosts }) => state === 'serving' && hosts.length === 1)).toBe(true);
    expect(core.module('versioned').failedStarts).toBe(1);
    expect((await core.send('last')).trace.map(({ module }) => module)).toEqual(['versioned', passing.name]);
    expect(core.lines('versioned').filter((line) => line.startsWith('2 '))).toEqual([]);
  });

  it('sees that a file has changed, tries its ABIs, and keeps the old one where the new one is garbage', async () => {
    core = await startCore([passing]);
    const path = join(core.directory, 'module.so');
    const install = (write: (path: string) => void) => {
      write(`${path}.new`);
      renameSync(`${path}.new`, path);
    };
    const module = { name: 'unchecked_2020', path };
    install((to) => copyFileSync(fixture('unchecked-2020'), to));
    expect(await reload([passing, module])).toMatchObject({ added: ['unchecked_2020'] });
    const first = core.module('unchecked_2020');
    expect(await reload([passing, module])).toMatchObject({ unchanged: [passing.name, 'unchecked_2020'] });
    install((to) => writeFileSync(to, 'no shared object'));
    await expect(reload([passing, module])).rejects.toThrow('module.so');
    expect(core.module('unchecked_2020')).toMatchObject({ pid: first.pid, state: 'serving' });
    install((to) => copyFileSync(fixture('unchecked-2020'), to));
    expect(await reload([passing, module])).toMatchObject({ replaced: ['unchecked_2020'] });
    expect(core.module('unchecked_2020')).toMatchObject({ abi: first.abi, abiSource: first.abiSource });
    expect(core.module('unchecked_2020').pid).not.toBe(first.pid);
  });

  it('makes the log name the log_rate in use', async () => {
    const flood = (logRate: number) => fixtureModule('flood', { deadlineMs: 30_000, logRate });
    core = await startCore([flood(50)]);
    await core.send('100');
    expect(await reload([flood(20)])).toMatchObject({ replaced: ['flood'] });
    await core.send('100');
    await core.supervisor.stop();
    const told = core
      .lines('flood', 'supervisor')
      .flatMap((line) => /(\d+) log lines? .*log_rate, (\d+) /.exec(line) ?? []);
    expect(told.filter((_, i) => i % 3 > 0)).toEqual(['50', '50', '80', '20']);
  });

  it('takes a setting in place when no process needs to know it', async () => {
    core = await startCore([versioned('1', { work: '200' }, { onFailure: 'pass' })]);
    const { pid } = core.module('versioned');
    const report = await reload([versioned('1', { work: '200' }, { onFailure: 'consume', deadlineMs: 20 })]);
    expect(report).toMatchObject({ configured: ['versioned'], replaced: [] });
    expect(core.module('versioned').pid).toBe(pid);
    expect(await core.send('late')).toMatchObject({ verdict: 'consumed', trace: [{ default: 'deadline' }] });
  });

  it('adds, removes and orders modules, between two messages', async () => {
    const first = fixtureModule('change-2020');
    core = await startCore([versioned('1', { work: '300' }), passing]);
    // On its way through the old chain when the new one comes.
    const underway = core.send('underway');
    const report = await reload([first, passing]);
    expect(report).toMatchObject({ added: [first.name], removed: ['versioned'], unchanged: [passing.name] });
    const old = await underway;
    expect(old.trace.map(({ module, default: reason }) => [module, reason])).toEqual([
      ['versioned', null],
      [passing.name, null],
    ]);
    expect((await core.send('now')).trace.map(({ module }) => module)).toEqual([first.name, passing.name]);
    await reload([passing, versioned('2'), first]);
    const trace = (await core.send('again')).trace.map(({ module }) => module);
    expect(trace).toEqual([passing.name, 'versioned', first.name]);
  });

  it('is for the named modules alone, changed or not, and suggests the nearest name', async () => {
    core = await startCore([versioned('1'), passing]);
    const before = [core.module('versioned').pid, core.module(passing.name).pid];
    const report = await reload([versioned('2'), passing], [passing.name]);
    expect(report).toMatchObject({ replaced: [passing.name], left: ['versioned'] });
    expect(core.module('versioned').pid).toBe(before[0]);
    expect(core.module(passing.name).pid).not.toBe(before[1]);
    await core.send('hi');
    expect(core.lines('versioned')).toEqual(['1 hi']);
    await expect(reload([versioned('2'), passing], ['versiond'])).rejects.toMatchObject({
      code: 'MODULE_UNKNOWN',
      message: 'no module is named "versiond"; did you mean versioned?',
    });
  });

  it('says which global settings a running core cannot take', async () => {
    core = await startCore([passing]);
    const options = { maxMessageBytes: 1000, chainDeadlineMs: 1234, logKeep: 1, heartbeatMs: 900 };
    expect(await reload([passing], [], options)).toMatchObject({
      settings: ['heartbeat', 'chain_deadline', 'log_keep'],
      needRestart: ['max_message'],
    });
    await expect(core.send('x'.repeat(2000))).resolves.toMatchObject({ verdict: 'pass' });
  });

  it('lets no message wait for the start of a module that was given up', async () => {
    const module = fixtureModule('init-hangs', { startTimeoutMs: 3000, deadlineMs: 60_000 });
    core = await startCore([module]);
    expect(core.module(module.name).state).toBe('failed');
    const start = core.supervisor.startModule(module.name).catch(() => 'the start has ended before');
    await core.until(() => core.module(module.name).state === 'starting');
    expect(await Promise.race([core.send('hi'), start])).toMatchObject({ trace: [{ default: 'down' }] });
    await start;
  });

  it('brings back a module that had been given up', async () => {
    core = await startCore([versioned('1', { init: 'refuse' })]);
    expect(core.module('versioned').state).toBe('failed');
    expect(await reload([versioned('2')])).toMatchObject({ replaced: ['versioned'] });
    expect(core.module('versioned')).toMatchObject({ state: 'serving', lastError: null, nextStartAt: null });
    await core.send('hi');
    expect(core.lines('versioned').at(-1)).toBe('2 hi');
  });

  it('goes on when the host to replace dies meanwhile, and fails when the new host dies', async () => {
    core = await startCore([versioned('1'), passing]);
    const generationOf = (n: number) =>
      core.lives.find((e) => e.kind === 'spawned' && e.module === 'versioned' && e.generation === n);
    const spawned = async (n: number) => {
      await core.until(() => generationOf(n) !== undefined);
      return (generationOf(n) as { pid: number }).pid;
    };
    const first = reload([versioned('2'), passing]);
    await spawned(2);
    process.kill(core.module('versioned').pid as number, 'SIGKILL');
    await first;
    await core.send('after');
    expect(core.lines('versioned').at(-1)).toBe('2 after');
    const generation = core.module('versioned').generation;
    const { hosts } = core.module('versioned');
    expect(hosts).toHaveLength(1);
    // Held up by one that is never ready, so that it is ready and waits when it is killed.
    const slow = { ...passing, config: { changed: 'too' } };
    const second = reload([
      versioned('3'),
      slow,
      { ...versioned('x', { init: 'hang' }), name: 'versioned_2', startTimeoutMs: 4000 },
    ]);
    void second.catch(() => undefined);
    const isReady = () => core.module('versioned').hosts[1]?.state === 'ready';
    await core.until(() => isReady());
    process.kill(core.module('versioned').hosts[1]?.pid as number, 'SIGKILL');
    await expect(second).rejects.toMatchObject({ code: 'RELOAD_FAILED' });
    expect(core.module('versioned')).toMatchObject({ state: 'serving', generation });
  });

  it('ends with the core when that is stopped meanwhile', async () => {
    core = await startCore([versioned('1')]);
    const under = reload([versioned('2', { init: 'hang' })]);
    void under.catch(() => undefined);
    await core.until(() => core.module('versioned').state === 'replacing');
    await core.supervisor.stop();
    const code = 'ILLEGAL_STATE';
    await expect(under).rejects.toMatchObject({ code, message: expect.stringContaining('the supervisor is stop') });
  });
});

describe('an order for one module', () => {
  it('restarts it without a default, and ends the old process before the new one starts', async () => {
    core = await startCore([versioned('1', { work: '1' })]);
    const { pid } = core.module('versioned');
    const load = sendSteadily();
    await load.sent(10);
    await core.supervisor.restartModule('versioned');
    await load.sent(10);
    const outcomes = await load.end();
    expect(outcomes.flatMap(({ trace }) => trace).filter((entry) => entry.default !== null)).toEqual([]);
    expect(core.module('versioned')).toMatchObject({ generation: 2, crashes: { total: 0 }, lastError: null });
    const events = core.lives.map((event) => `${event.kind} ${'generation' in event ? event.generation : ''}`);
    expect(events.indexOf('exited 1')).toBeLessThan(events.indexOf('spawned 2'));
    expect(isRunning(pid as number)).toBe(false);
  });

  it('stops it until it is started, even over reloads, and gives its default meanwhile', async () => {
    core = await startCore([versioned('1'), passing]);
    await core.supervisor.stopModule('versioned');
    expect(core.module('versioned')).toMatchObject({ state: 'stopped', desired: 'down', pid: null, hosts: [] });
    const { trace, verdict } = await core.send('hi');
    expect([verdict, trace[0]]).toMatchObject(['pass', { module: 'versioned', default: 'down' }]);
    expect(await reload([versioned('2'), passing], ['versioned'])).toMatchObject({
      configured: ['versioned'],
      stopped: ['versioned'],
    });
    await expect(core.supervisor.restartModule('versioned')).rejects.toMatchObject({ code: 'ILLEGAL_STATE' });
    expect(core.module('versioned').state).toBe('stopped');
    await reload([passing]);
    expect(await reload([versioned('2'), passing])).toMatchObject({ added: ['versioned'], stopped: ['versioned'] });
    expect(core.module('versioned').state).toBe('stopped');
    await core.supervisor.startModule('versioned');
    await core.supervisor.startModule('versioned');
    await core.send('hi');
    expect(core.lines('versioned')).toEqual(['2 hi']);
  });

  it('is carried out after earlier ones, and refused for an unknown name', async () => {
    core = await startCore([versioned('1')]);
    const { supervisor } = core;
    await Promise.all([
      supervisor.stopModule('versioned'),
      supervisor.startModule('versioned'),
      supervisor.restartModule('versioned'),
      reload([versioned('2')]),
      supervisor.stopModule('versioned'),
    ]);
    expect(core.module('versioned')).toMatchObject({ state: 'stopped', generation: 4 });
    for (const order of ['restartModule', 'startModule', 'stopModule', 'resetModule'] as const) {
      await expect(supervisor[order]('nobody')).rejects.toMatchObject({ code: 'MODULE_UNKNOWN' });
    }
  });

  it('fails with the reason when the module cannot start, and a reset tries again and counts from 0', async () => {
    core = await startCore([versioned('1', { init: 'refuse' }), passing]);
    await expect(core.supervisor.restartModule('versioned')).rejects.toThrow('does not want to');
    expect(core.module('versioned')).toMatchObject({ state: 'failed', failedStarts: 2 });
    await expect(core.supervisor.resetModule('versioned')).rejects.toThrow('does not want to');
    expect(core.module('versioned')).toMatchObject({ failedStarts: 1 });
    await core.send('hi');
    const { pid } = core.module(passing.name);
    await core.supervisor.resetModule(passing.name);
    expect(core.module(passing.name)).toMatchObject({ state: 'serving', messages: { total: 0 }, pid });
  });

  it('names messages anew after a reset too', async () => {
    const module = fixtureOf('2020', 'statuses');
    core = await startCore([module]);
    for (let i = 0; i < 2; i++) {
      await core.send('7');
      await core.supervisor.resetModule(module.name);
    }
    expect(new Set(core.sent.map(({ sentId }) => sentId)).size).toBe(2);
  });
});
