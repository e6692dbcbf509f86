/** A module with several replicas, under orders and deaths, with real processes. */

import { join } from 'node:path';
import type { ModuleOptions } from 'mesibo-modules';
import { afterEach, describe, expect, it } from 'vitest';
import { fixtureModule, isRunning, makeTempDir, patientConfig, startCore, type TestCore } from '../core.js';
import { defaultOf, findFaults, NumberedLoad, readEntries } from './numbered-load.js';

let core: TestCore;
afterEach(() => core.close());

/** Deaths have no consequence but the next start. */
const lively = { maxCrashes: null, backoff: { minMs: 10, maxMs: 50 } };

function sequence(options: Partial<ModuleOptions> = {}): ModuleOptions {
  return fixtureModule('sequence', { ...lively, ...options });
}

const module = () => core.module('sequence');
const reload = (options: Partial<ModuleOptions>, names: string[] = []) =>
  core.supervisor.reload(patientConfig({ modules: [sequence(options)] }), { modules: names });

/** The process that serves for a replica. */
function pidOf(replica: number): number {
  const host = module().hosts.find((host) => host.replica === replica && host.state === 'ready');
  if (!host) throw new Error(`replica ${replica} has no host`);
  return host.pid;
}

/** Whose process logged a line. */
function replicasOf(text: string): (number | undefined)[] {
  const replicaOf = new Map(module().hosts.map(({ generation, replica }) => [generation, replica]));
  const lines = core.logs.filter((line) => line.source === 'module' && line.text.startsWith(text));
  return lines.map(({ generation }) => replicaOf.get(generation ?? -1));
}

async function kill(replica: number): Promise<number> {
  const pid = pidOf(replica);
  process.kill(pid, 'SIGKILL');
  await core.until(() => core.lives.some((event) => event.kind === 'exited' && event.pid === pid));
  return pid;
}

const servingReplicas = (count: number) => core.until(() => module().replicas.serving === count);

describe('replicas', () => {
  it('share the conversations, and keep the order of each when they are killed', async () => {
    const journal = join(makeTempDir(), 'journal');
    core = await startCore([sequence({ replicas: 4, window: 8, config: { journal, wait: '200' } })]);
    expect(module()).toMatchObject({ state: 'serving', replicas: { wanted: 4, serving: 4 } });
    // With pauses: a conversation returns to its replica when nothing of it is under way.
    const load = new NumberedLoad(core.supervisor, { conversations: 24, ahead: 2, pauseMs: 20 });
    const killed = new Set<number>();
    for (const replica of [0, 1, 2, 3, 0, 2]) {
      await load.answers(300);
      killed.add(await kill(replica));
      await servingReplicas(4);
    }
    await load.answers(300);
    const answered = await load.end();
    const entries = readEntries(journal);
    expect(findFaults(answered, entries, killed)).toEqual([]);
    const defaults = answered.filter((answer) => defaultOf(answer) !== null);
    expect(new Set(defaults.map(defaultOf))).toEqual(new Set(defaults.length > 0 ? ['crash'] : []));
    // Only what was executed at that moment.
    expect(defaults.length).toBeLessThanOrEqual(killed.size);
    expect(new Set(entries.map(({ pid }) => pid)).size).toBeGreaterThan(4);
    expect(module().crashes.total).toBe(killed.size);
    const deaths = core.lives.filter((event) => event.kind === 'exited' && killed.has(event.pid));
    expect(deaths.map((event) => 'replica' in event && event.replica)).toEqual([0, 1, 2, 3, 0, 2]);
    expect(deaths[2]).toMatchObject({
      text: expect.stringMatching(/host \d+ \(pid \d+, replica 2\) was ended by SIGKILL/),
    });
    expect(module().replicas.each.map(({ restarts }) => restarts)).toEqual([2, 1, 2, 1]);
  });

  it('become fewer and more by a reload, without a message lost, doubled, overtaken or defaulted', async () => {
    const journal = join(makeTempDir(), 'journal');
    const config = { journal, wait: '100' };
    core = await startCore([sequence({ replicas: 4, window: 8, config })]);
    const load = new NumberedLoad(core.supervisor, { conversations: 24, ahead: 4 });
    const counts: number[] = [];
    for (const replicas of [1, 4, 2, 3]) {
      await load.answers(300);
      await reload({ replicas, window: 8, config });
      counts.push(module().replicas.serving, module().hosts.length);
    }
    // With a new generation of all at the same time.
    await load.answers(300);
    await reload({ replicas: 4, window: 8, config: { ...config, changed: 'yes' } });
    await load.answers(300);
    const answered = await load.end();
    expect(counts).toEqual([1, 1, 4, 4, 2, 2, 3, 3]);
    expect(findFaults(answered, readEntries(journal), new Set())).toEqual([]);
    expect(answered.filter((answer) => defaultOf(answer) !== null)).toEqual([]);
    expect(module()).toMatchObject({ restarts: 0, lastError: null, crashes: { total: 0 } });
  });

  it('are restarted one after the other, and stop together', async () => {
    const journal = join(makeTempDir(), 'journal');
    core = await startCore([sequence({ replicas: 3, window: 8, config: { journal, wait: '100' } })]);
    const before = module().hosts.map(({ pid }) => pid);
    const load = new NumberedLoad(core.supervisor, { conversations: 24, ahead: 4 });
    await load.answers(200);
    await core.supervisor.restartModule('sequence');
    expect(before.filter(isRunning)).toEqual([]);
    await load.answers(200);
    const answered = await load.end();
    expect(findFaults(answered, readEntries(journal), new Set())).toEqual([]);
    expect(answered.filter((answer) => defaultOf(answer) !== null)).toEqual([]);
    await core.supervisor.stopModule('sequence');
    expect(module()).toMatchObject({ state: 'stopped', hosts: [], replicas: { wanted: 3, serving: 0 } });
    await core.supervisor.startModule('sequence');
    await servingReplicas(3);
  });

  it('are as they were after a reload that one of them cannot join', async () => {
    const alone = join(makeTempDir(), 'alone');
    core = await startCore([sequence({ replicas: 2, window: 8 })]);
    const before = module().hosts.map(({ pid }) => pid);
    await expect(reload({ replicas: 2, window: 8, config: { alone } })).rejects.toThrow('another process has');
    expect(module().hosts.map(({ pid }) => pid)).toEqual(before);
    expect(module()).toMatchObject({ state: 'serving', replicas: { wanted: 2, serving: 2 } });
  });

  it('serve when one of them cannot start, and a reload to fewer keeps the one that does', async () => {
    const alone = join(makeTempDir(), 'alone');
    core = await startCore([sequence({ replicas: 2, config: { alone } })]);
    expect(core.report.refused).toEqual([]);
    expect(module()).toMatchObject({ state: 'serving', replicas: { wanted: 2, serving: 1 } });
    expect(module().lastError).toContain('another process has');
    const names = Array.from({ length: 16 }, (_, i) => `user${i}`);
    const outcomes = await Promise.all(names.map((from) => core.send('x', { from, to: 'all' })));
    expect(outcomes.flatMap(({ trace }) => trace.map((entry) => entry.default))).toEqual(names.map(() => null));
    const [serving] = module().hosts;
    await reload({ replicas: 1, config: { alone } });
    expect(module().hosts.map(({ pid }) => pid)).toEqual([serving?.pid]);
    expect(module()).toMatchObject({ state: 'serving', replicas: { wanted: 1, serving: 1 } });
  });

  it('get the status of what they sent, also after a death', async () => {
    const statuses = fixtureModule('statuses-2020', { ...lively, replicas: 4 });
    core = await startCore([statuses]);
    const of = () => core.module(statuses.name).hosts;
    const replicaOf = (generation: number | null) => of().find((host) => host.generation === generation)?.replica;
    for (let i = 0; i < 12; i++) await core.send('7', { from: `user${i}`, to: 'bot' });
    const senders = core.sent.map(({ generation }) => replicaOf(generation));
    expect(new Set(senders).size).toBeGreaterThan(1);
    const tell = async (status: number) => {
      for (const { sentId, params } of core.sent) await core.supervisor.onMessageStatus(params, status, { sentId });
      const lines = core.logs.filter(({ text }) => text.startsWith(`status=${status}`));
      return lines.map(({ generation }) => replicaOf(generation));
    };
    expect(await tell(2)).toEqual(senders);
    const victim = of().find(({ replica }) => replica === senders[0])?.pid as number;
    process.kill(victim, 'SIGKILL');
    await core.until(() => !of().some(({ pid }) => pid === victim));
    await core.until(() => core.module(statuses.name).replicas.serving === 4);
    // Its replica has another host now.
    expect(await tell(3)).toEqual(senders);
  });

  it('get a login or a call alone, or all of them with broadcast', async () => {
    core = await startCore([sequence({ replicas: 3 })]);
    const login = () => core.supervisor.onLogin({ address: 'alice' });
    await login();
    await login();
    await core.supervisor.onCall();
    const alone = replicasOf('login of alice');
    expect([alone.length, new Set(alone).size, replicasOf('call').length]).toEqual([2, 1, 1]);
    await reload({ replicas: 3, broadcast: ['login', 'call'] });
    core.logs.length = 0;
    expect((await login()).trace).toHaveLength(1);
    await core.supervisor.onCall();
    await core.until(() => replicasOf('login').length === 3 && replicasOf('call').length === 3);
    expect(replicasOf('login of alice').toSorted()).toEqual([0, 1, 2]);
    expect(replicasOf('call').toSorted()).toEqual([0, 1, 2]);
  });

  it('take the messages of others while one hangs', async () => {
    const slow = fixtureModule('slow', { ...lively, replicas: 2 });
    core = await startCore([slow]);
    const busy = core.send('600', { from: 'hangs', to: 'all' });
    // So many that they are not all with the replica that hangs, however the hash falls.
    const others = Array.from({ length: 40 }, (_, i) => core.send('0', { from: `user${i}`, to: 'all' }));
    const first = await Promise.race([busy.then(() => 'busy'), ...others.map((other) => other.then(() => 'other'))]);
    expect(first).toBe('other');
    await Promise.all([busy, ...others]);
  });

  it('that leave and hang are ended, and what waited for them goes to the others', async () => {
    const slow = (replicas: number) => fixtureModule('slow', { ...lively, replicas, hangMs: 1000, window: 2 });
    core = await startCore([slow(2)]);
    const hosts = () => core.module('slow').hosts;
    const send = (text: string, from: string) => core.send(text, { from, to: 'all' });
    /** One whose conversation the second replica has. */
    const find = async (): Promise<string> => {
      for (let i = 0; ; i++) {
        const sent = send('20', `user${i}`);
        const holder = hosts().find(({ inFlight }) => inFlight > 0)?.replica;
        await sent;
        if (holder === 1) return `user${i}`;
      }
    };
    const user = await find();
    const hung = send('60000', user);
    const waiting = ['0', '1', '2', '3'].map((text) => send(text, user));
    expect(core.module('slow')).toMatchObject({ inFlight: 2, queued: 3 });
    const reloaded = core.supervisor.reload(patientConfig({ modules: [slow(1)] }));
    const defaults = (await Promise.all([hung, ...waiting])).map(({ trace }) => trace[0]?.default);
    expect(defaults).toEqual(['hang', null, null, null, null]);
    await reloaded;
    expect(hosts().map(({ replica }) => replica)).toEqual([0]);
    expect(core.module('slow').replicas).toMatchObject({ wanted: 1, serving: 1 });
  });

  it('with sticky = no are given what is there by their load', async () => {
    const slow = fixtureModule('slow', { ...lively, replicas: 4, sticky: false });
    core = await startCore([slow]);
    const begun = performance.now();
    // Of one conversation each, so that no hash spreads them.
    await Promise.all(Array.from({ length: 4 }, (_, i) => core.send('500', { from: `user${i}`, to: 'all' })));
    const together = performance.now() - begun;
    expect(together).toBeGreaterThan(490);
    // One after the other takes 2000 ms.
    expect(together).toBeLessThan(1500);
  });
});
