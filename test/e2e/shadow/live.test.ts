import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { ModuleOptions, ShadowReport } from 'mesibo-modules';
import { afterEach, describe, expect, it } from 'vitest';
import { ChildCore } from '../../helpers/child-core.js';
import { boxesOf, fixtureModule, patientConfig, readRunId, sample, startCore, TestCore } from '../core.js';

let core: TestCore;
afterEach(() => core.close());

const shadow = (file: string, options: Partial<ModuleOptions> = {}) =>
  fixtureModule(file, { name: 'shadow', shadowOf: 'primary', ...options });
const primary = (file: string, options: Partial<ModuleOptions> = {}) =>
  fixtureModule(file, { name: 'primary', ...options });
const filter = (name: string, words: string, options: Partial<ModuleOptions> = {}): ModuleOptions => ({
  name,
  path: sample('filter'),
  config: { blocked_words: words },
  ...options,
});

const config = (modules: ModuleOptions[]) => patientConfig({ modules });

/** Everything that the shadow was to compare. */
function seenBy({ totals }: ShadowReport): number {
  const { agreed, otherVerdict, otherChanges, defaulted, skipped, primaryDefaulted } = totals;
  const defaults = Object.values(defaulted).reduce((sum, count) => sum + count, 0);
  return agreed + otherVerdict + otherChanges + defaults + skipped.overload + skipped.down + primaryDefaulted;
}

/** Resolves when so many messages are counted. */
async function counted(messages: number): Promise<ShadowReport> {
  await expect.poll(() => seenBy(core.supervisor.shadowReport('shadow')), { timeout: 60_000 }).toBe(messages);
  return core.supervisor.shadowReport('shadow');
}

describe('a shadow', () => {
  it('disagrees exactly on the messages with the one word that it blocks more', async () => {
    core = await startCore([filter('primary', 'alpha'), filter('shadow', 'alpha, beta', { shadowOf: 'primary' })]);
    const texts = Array.from({ length: 300 }, (_, i) => (i % 25 === 7 ? `a beta ${i}` : i % 3 ? `fine ${i}` : 'alpha'));
    const outcomes = await Promise.all(
      texts.map((text, i) => core.send(text, { from: `u${i % 9}`, to: 'x', id: i + 1 })),
    );
    // The shadow has no part in it.
    expect(outcomes.map(({ verdict }) => verdict)).toEqual(
      texts.map((text) => (text === 'alpha' ? 'consumed' : 'pass')),
    );
    expect(outcomes.flatMap(({ trace }) => trace.map(({ module }) => module))).not.toContain('shadow');
    const report = await counted(300);
    const words = texts.flatMap((text, i) => (text.includes('beta') ? [{ id: String(i + 1), text }] : []));
    expect(words).toHaveLength(12);
    expect(report).toMatchObject({ name: 'shadow', shadowOf: 'primary', compared: 300, keepsBodies: true });
    expect(report.totals).toMatchObject({ agreed: 288, otherVerdict: 12, otherChanges: 0 });
    expect(report.examples.map(({ id, payload }) => ({ id, text: payload?.text })).sort(byId)).toEqual(
      words.sort(byId),
    );
    expect(report.examples[0]).toMatchObject({
      to: 'x',
      differs: ['verdict'],
      primary: { verdict: 'pass', params: {}, payload: null },
      shadow: { verdict: 'consumed', params: {}, payload: null },
    });
    expect(report.latencyMicros.primary.p50).toBeGreaterThan(0);
    expect(report.latencyMicros.shadow.p99).toBeGreaterThan(0);
  });

  it('records what it would have changed, all 64 bits of it, and the message stays as it was', async () => {
    core = await startCore([filter('primary', 'never'), shadow('change-2020')]);
    const id = 2n ** 64n - 1n;
    const outcome = await core.send('redirect me', { from: 'alice', to: 'bob', id, groupid: 2n ** 63n + 1n });
    expect(outcome).toMatchObject({ verdict: 'pass', params: { id, to: 'bob', expiry: 0 } });
    expect(outcome.payload.toString()).toBe('redirect me');
    const { totals, examples } = await counted(1);
    expect(totals).toMatchObject({ agreed: 0, otherVerdict: 0, otherChanges: 1 });
    expect(examples).toMatchObject([
      {
        id: String(id),
        groupid: String(2n ** 63n + 1n),
        differs: ['params', 'payload'],
        primary: { verdict: 'pass', params: { to: 'bob', expiry: '0' }, payload: null },
        shadow: {
          verdict: 'pass',
          params: { to: 'redirected', expiry: '3600' },
          payload: { text: 'REDIRECT ME', bytes: 11 },
        },
        payload: { text: 'redirect me', bytes: 11 },
      },
    ]);
  });

  it('agrees when both make the same changes', async () => {
    core = await startCore([primary('change-2020'), shadow('change-2020')]);
    await core.send('redirect me');
    expect((await counted(1)).totals).toMatchObject({ agreed: 1, otherChanges: 0 });
  });

  it('keeps no body when crash_body = no, of whichever of both', async () => {
    core = await startCore([primary('silent-2020', { crashBody: 'no' }), shadow('change-2020')]);
    await core.send('redirect me');
    const { examples, keepsBodies } = await counted(1);
    expect(keepsBodies).toBe(false);
    expect(examples).toMatchObject([{ payload: null, shadow: { payload: null } }]);
    expect(JSON.stringify(examples)).not.toContain('REDIRECT ME');
  });

  it('sends nowhere, gets no status, and its sends are counted', async () => {
    core = await startCore([primary('silent-2020'), shadow('sends-many', { onFailure: 'consume' })]);
    const told: string[] = [];
    core.supervisor.on('sent', ({ module }) => told.push(module));
    await core.send('2500');
    await core.send('3');
    await expect.poll(() => core.supervisor.shadowReport('shadow').totals.sends).toBe(2503);
    const { sends, primarySends } = await counted(2);
    expect(sends.at(-1)).toMatchObject({
      from: 'bob',
      to: 'alice',
      payload: { text: expect.stringMatching(/^sent \d+$/) },
    });
    expect(sends.length).toBeLessThanOrEqual(20);
    expect(primarySends).toBe(0);
    // `send_message` returned 0 each time.
    expect(core.lines('shadow')).toEqual([]);
    expect([told, core.sent]).toEqual([[], []]);
    expect(core.module('shadow').sends).toMatchObject({ total: 0, undelivered: 0, refused: 0 });
  });

  it('sees statuses, logins and calls, and not the status of what its primary sent', async () => {
    core = await startCore([primary('all-callbacks-2020'), shadow('sends-in-callbacks')]);
    const { supervisor } = core;
    await supervisor.onLogin({ address: 'alice' });
    await supervisor.onCall();
    await supervisor.onCallStatus();
    await supervisor.onMessageStatus({ from: 'x', to: 'y' }, 2);
    await expect
      .poll(() => supervisor.shadowReport('shadow').sends.map(({ payload }) => payload?.text))
      .toEqual(['on_login', 'on_call', 'on_call_status', 'on_message_status 2']);
    expect(supervisor.shadowReport('shadow').totals.others).toBe(4);
    await supervisor.reload(config([primary('sends-many'), shadow('sends-in-callbacks')]));
    supervisor.shadowReport('shadow', { reset: true });
    await core.send('1');
    await core.until(() => core.sent.length === 1);
    const { sentId, params } = core.sent[0] as TestCore['sent'][number];
    await supervisor.onMessageStatus(params, 7, { sentId });
    const { totals, primarySends } = await counted(1);
    expect([totals.others, totals.sends, primarySends]).toEqual([0, 1, 1]);
  });

  it('is refused http, which is counted, unless shadow_http = yes', async () => {
    let asked = 0;
    const server = createServer((_, response) => {
      asked += 1;
      response.end('answer');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    core = await startCore([primary('silent-2020'), shadow('asks-2020')]);
    await core.send(`url=${url}\ntimes=3`);
    await expect.poll(() => core.supervisor.shadowReport('shadow').totals.refusedHttp).toBe(3);
    expect(core.lines('shadow')).toContain('returned, 3 refused');
    expect(core.logs.map(({ text }) => text).filter((text) => text.includes('is a shadow'))).toHaveLength(1);
    expect(asked).toBe(0);
    // They are still counted when the process has ended, and until a reset.
    await core.supervisor.restartModule('shadow');
    expect(core.supervisor.shadowReport('shadow').totals.refusedHttp).toBe(3);
    await core.supervisor.reload(config([primary('silent-2020'), shadow('asks-2020', { shadowHttp: true })]));
    await core.send(`url=${url}`);
    await expect.poll(() => asked).toBe(1);
    await core.until(() => core.lines('shadow').some((line) => line.endsWith('in all')));
    expect(core.supervisor.shadowReport('shadow').totals.refusedHttp).toBe(0);
    server.close();
  });
});

describe('the primary of a shadow', () => {
  it.each<[string, string, Partial<ModuleOptions>, string]>([
    ['hangs', 'slow', { deadlineMs: 300, hangMs: 600 }, '100000'],
    ['is slower than the traffic', 'slow', { window: 1, queue: 5, overload: 'wait', deadlineMs: 60_000 }, '20'],
    ['crashes on each message', 'sends-then-crashes', { abi: 'table' }, 'crash'],
    ['refuses to start', 'init-returns-minus-one', {}, 'hello'],
    ['sends in a loop', 'sends-many', { window: 4, queue: 5 }, '5000'],
    ['floods its log', 'flood', { window: 4, queue: 5 }, '5000'],
  ])('waits for nothing when the shadow %s', async (_, file, options, text) => {
    core = await startCore([primary('silent-2020'), shadow(file, options)]);
    const many = Array.from({ length: 40 }, () => core.send(text));
    for (const { trace } of await Promise.all(many)) {
      expect(trace).toMatchObject([{ module: 'primary', default: null }]);
    }
    // In time, which is shorter than what the shadow takes for them.
    const report = await counted(40);
    expect(report.totals.primaryDefaulted).toBe(0);
    expect(core.sent.filter(({ module }) => module === 'shadow')).toEqual([]);
  });

  it('has up to eight shadows, each with counters of its own', async () => {
    const shadows = Array.from({ length: 8 }, (_, i) =>
      filter(`s${i}`, i % 2 ? 'alpha' : 'beta', { shadowOf: 'primary' }),
    );
    core = await startCore([...shadows, filter('primary', 'alpha')]);
    await core.send('alpha');
    for (const [i, { name }] of shadows.entries()) {
      const totals = () => core.supervisor.shadowReport(name).totals;
      await expect.poll(() => totals().agreed + totals().otherVerdict).toBe(1);
      expect(totals().agreed).toBe(i % 2);
    }
  });
});

describe('a reload', () => {
  it('takes a shadow into the chain, and back, without losing a message', async () => {
    core = await startCore([filter('primary', 'never'), shadow('sends-many')]);
    let next = 0;
    let ending = false;
    const outcomes: Awaited<ReturnType<TestCore['send']>>[] = [];
    const senders = Array.from({ length: 4 }, async () => {
      while (!ending) outcomes.push(await core.send('1', { from: `u${next++ % 3}`, to: 'x' }));
    });
    for (const shadowOf of [null, 'primary', null, 'primary']) {
      const other = config([filter('primary', 'never'), shadow('sends-many', { shadowOf })]);
      expect(await core.supervisor.reload(other)).toMatchObject({ replaced: ['shadow'], unchanged: ['primary'] });
      const from = outcomes.length;
      await expect.poll(() => outcomes.length).toBeGreaterThan(from + 50);
    }
    ending = true;
    await Promise.all(senders);
    const trace = outcomes.flatMap((outcome) => outcome.trace);
    expect(trace.filter((entry) => entry.default !== null)).toEqual([]);
    // Exactly what it was asked for as a member of the chain left it.
    await core.until(() => core.sent.length >= trace.filter(({ module }) => module === 'shadow').length);
    expect(core.sent).toHaveLength(trace.filter(({ module }) => module === 'shadow').length);
  });
});

describe('after a SIGKILL of the core', () => {
  /** Lets a module of a core that stands still send, and kills that core. */
  async function sendWhileStill(modules: ModuleOptions[]): Promise<void> {
    const killed = await ChildCore.start({ runDir: core.runDir, modules });
    const fifo = join(core.directory, 'fifo');
    execFileSync('mkfifo', [fifo, `${fifo}.done`]);
    expect(await killed.outcome(`thread ${fifo}`)).toEqual(modules.length > 1 ? [null] : [null]);
    // Opens when the module reads it.
    const sign = await open(fifo, 'w');
    process.kill(killed.pid, 'SIGSTOP');
    const done = open(`${fifo}.done`, 'r');
    await sign.close();
    await (await done).close();
    await killed.kill();
  }

  const sender = (options: Partial<ModuleOptions>) => fixtureModule('sends-at-a-sign', { name: 'sender', ...options });

  it.each<[string, ModuleOptions[], number]>([
    ['of a module of the chain is delivered', [sender({})], 1],
    ['of a shadow is not', [primary('silent-2020'), sender({ shadowOf: 'primary' })], 0],
  ])('what was sent last %s, whatever the module is then', async (_, modules, count) => {
    core = new TestCore({ modules: [sender({})] });
    await sendWhileStill(modules);
    const runId = readRunId(core.runDir);
    expect(boxesOf(runId).length).toBeGreaterThan(0);
    await core.start();
    expect(core.sent.map(({ module }) => module)).toEqual(Array(count).fill('sender'));
    expect(core.supervisor.status().core.recoveredSends).toBe(count);
    expect(boxesOf(runId)).toEqual([]);
  });
});

function byId(one: { id: string }, other: { id: string }): number {
  return Number(one.id) - Number(other.id);
}
