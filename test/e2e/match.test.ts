/** `match { }`: what a module does not get leaves no trace of it, and the order of conversations holds. */

import type { Callback, ConfigOptions, ModuleOptions } from 'mesibo-modules';
import { afterEach, describe, expect, it } from 'vitest';
import { fixtureModule, patientConfig, startCore, type TestCore } from './core.js';

let core: TestCore;
afterEach(() => core.close());

const witness = (match: ModuleOptions['match']) => fixtureModule('all-callbacks-2020', { match });
const NAME = 'all_callbacks_2020';
const reload = (modules: ModuleOptions[], more: Omit<ConfigOptions, 'modules'> = {}) =>
  core.supervisor.reload(patientConfig({ ...more, modules }));
/** What the witness logged about events. */
const called = () => core.lines(NAME).filter((line) => /^on_(?!cleanup|config)/.test(line));
const traceOf = ({ trace }: { trace: { module: string }[] }) => trace.map(({ module }) => module);

describe('a filtered message', () => {
  it('is not in the trace and not in the counters of the module, but in those of the filter', async () => {
    const passing = fixtureModule('silent-2020');
    core = await startCore([witness({ from: ['alice'], text: ['*help*'] }), passing]);
    const outcomes = [
      await core.send('please help'),
      await core.send('hello'),
      await core.send('help', { from: 'bob', to: 'alice' }),
    ];
    expect(outcomes.map(traceOf)).toEqual([[NAME, passing.name], [passing.name], [passing.name]]);
    expect(called()).toEqual([expect.stringMatching(/^on_message .* text=please help$/)]);
    expect(core.module(NAME).messages).toMatchObject({ total: 1, pass: 1, default: 0, filtered: 2 });
    expect(core.module(passing.name).messages).toMatchObject({ total: 3, filtered: 0 });
    await core.supervisor.resetModule(NAME);
    expect(core.module(NAME).messages).toMatchObject({ total: 0, filtered: 0 });
  });

  it('gets no default verdict from a module that is down', async () => {
    core = await startCore([fixtureModule('all-callbacks-2020', { match: { from: ['alice'] }, onFailure: 'consume' })]);
    await core.supervisor.stopModule(NAME);
    expect(await core.send('hello')).toMatchObject({ verdict: 'consumed', by: NAME });
    expect(await core.send('hello', { from: 'bob' })).toMatchObject({ verdict: 'pass', by: null, trace: [] });
  });

  it('is looked at as the module before it left it', async () => {
    // Makes capitals.
    const change = fixtureModule('change-2020');
    core = await startCore([change, witness({ text: ['HELLO'] })]);
    expect(traceOf(await core.send('hello'))).toEqual([change.name, NAME]);
    await reload([change, witness({ text: ['hello'] })]);
    expect(traceOf(await core.send('hello'))).toEqual([change.name]);
  });
});

it('statuses, logins and calls are filtered too, and the callbacks of the chain do not have what nobody wants', async () => {
  const told: Callback[][] = [];
  core = await startCore([witness({ events: ['message', 'status'], from: ['alice'] })]);
  core.supervisor.on('callbacks', (callbacks) => told.push(callbacks));
  expect(core.supervisor.callbacks()).toEqual(['on_message', 'on_message_status']);
  const events = async () => {
    await core.supervisor.onMessageStatus({ from: 'alice', to: 'bob', id: 1 }, 2);
    await core.supervisor.onMessageStatus({ from: 'bob', to: 'alice', id: 1 }, 2);
    await core.supervisor.onLogin({ address: 'alice' });
    await core.supervisor.onLogin({ address: 'bob' });
    await core.supervisor.onCall();
    await core.supervisor.onCallStatus();
  };
  await events();
  expect(called()).toEqual(['on_message_status id=1 from=alice to=bob status=2']);
  // A status of what the module sends is always for it, so servers have to send statuses.
  await reload([witness({ events: ['!message', '!call', '!status'], from: ['!bob'] })]);
  await events();
  expect(called().slice(1)).toEqual([expect.stringMatching(/^on_login .*alice/)]);
  await reload([witness({ events: ['call'] })]);
  await events();
  expect(called().slice(2)).toEqual(['on_call', 'on_call_status']);
  expect(told).toEqual([
    ['on_message_status', 'on_login'],
    ['on_message_status', 'on_call', 'on_call_status'],
  ]);
  expect(core.module(NAME).messages.filtered).toBe(0);
});

it('the status of what a module sent is for it, whatever its match says', async () => {
  const module = fixtureModule('statuses-2020', { match: { events: ['message'], to: ['bob'] } });
  core = await startCore([module]);
  await core.send('7');
  const [sent] = core.sent;
  expect(
    await core.supervisor.onMessageStatus(sent?.params ?? {}, 2, { sentId: sent?.sentId as string }),
  ).toMatchObject({
    trace: [{ module: module.name, default: null }],
  });
  expect(await core.supervisor.onMessageStatus({ from: 'carol', to: 'dave' }, 2)).toMatchObject({ trace: [] });
  expect(core.lines(module.name)).toEqual(['status=2 id=7 flags=0 from=bob to=alice']);
});

it('replicas have the match of their module, and a status of a send is for the replica that sent it', async () => {
  const module = fixtureModule('statuses-2020', { match: { events: ['message'], text: ['7*'] }, replicas: 2 });
  core = await startCore([module]);
  for (let i = 0; i < 10; i++) {
    const outcomes = await Promise.all([
      core.send('7', { from: `a${i}`, to: 'b' }),
      core.send('8', { from: `a${i}`, to: 'b' }),
    ]);
    expect(outcomes.map(({ trace }) => trace.length)).toEqual([1, 0]);
  }
  for (const { sentId, params } of [...core.sent]) {
    const { trace } = await core.supervisor.onMessageStatus(params, 2, { sentId });
    expect(trace).toMatchObject([{ module: module.name, default: null }]);
  }
  expect(core.lines(module.name)).toHaveLength(10);
  expect(core.module(module.name).messages).toMatchObject({ total: 10, default: 0, filtered: 10 });
});

it('a sample has whole conversations, the same after a restart', async () => {
  const talks = Array.from({ length: 200 }, (_, i) => [`user-${i}`, `user-${i + 1000}`] as const);
  const sampled = async () => {
    const found: number[] = [];
    for (const [i, [one, other]] of talks.entries()) {
      const outcomes = await Promise.all([
        core.send('there', { from: one, to: other }),
        core.send('and back', { from: other, to: one }),
      ]);
      const [there, back] = outcomes.map(({ trace }) => trace.length);
      expect(back).toBe(there);
      if (there === 1) found.push(i);
    }
    return found;
  };
  core = await startCore([witness({ samplePercent: 20 })]);
  const first = await sampled();
  expect(first.length).toBeGreaterThan(20);
  expect(first.length).toBeLessThan(60);
  await reload([witness({ samplePercent: 20.5 })]);
  expect(await sampled()).toEqual(expect.arrayContaining(first));
  await core.close();
  core = await startCore([witness({ samplePercent: 20 })]);
  expect(await sampled()).toEqual(first);
});

describe('a reload of match', () => {
  it('keeps the process, and holds from the next message on', async () => {
    core = await startCore([witness(null)]);
    const { pid } = core.module(NAME);
    expect((await core.send('a')).trace).toHaveLength(1);
    const report = await reload([witness({ text: ['b'] })]);
    expect(report).toMatchObject({ configured: [NAME], replaced: [] });
    expect((await core.send('a')).trace).toEqual([]);
    expect((await core.send('b')).trace).toHaveLength(1);
    expect(await reload([witness({ text: ['b'] })])).toMatchObject({ unchanged: [NAME] });
    await reload([witness(null)]);
    expect((await core.send('a')).trace).toHaveLength(1);
    expect(core.module(NAME)).toMatchObject({ pid, generation: 1 });
  });

  it('keeps the order of a conversation whose messages are in the module', async () => {
    // Takes as many milliseconds as the text says.
    const slow = fixtureModule('slow', { window: 2 });
    const behind = fixtureModule('versioned', { config: { version: 'saw' } });
    core = await startCore([slow, behind]);
    const told: string[] = [];
    const offer = async (text: string) => {
      const outcome = await core.send(text);
      told.push(text);
      return outcome;
    };
    const early = ['300', '201', '102'].map(offer);
    await reload([{ ...slow, match: { text: ['?'] } }, behind]);
    // The first and the last are for the slow module no more.
    const late = await Promise.all(['40', '5', '60'].map(offer));
    await Promise.all(early);
    expect(late.map(traceOf)).toEqual([['versioned'], ['slow', 'versioned'], ['versioned']]);
    expect(told).toEqual(['300', '201', '102', '40', '5', '60']);
    expect(core.lines('versioned')).toEqual(told.map((text) => `saw ${text}`));
    expect(core.module('slow').messages).toMatchObject({ total: 4, default: 0, filtered: 2 });
  });
});
