import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { makeMemoryCgroup } from '../helpers/memory-cgroup.js';
import { fixtureModule, isRunning, sample, startCore, type TestCore } from './core.js';

const crashy = (options = {}) => ({ name: 'crashy', path: sample('crashy'), ...options });
const filter = { name: 'filter', path: sample('filter'), config: { blocked_words: 'heck' } };

let core: TestCore;
afterEach(() => core.close());

describe('a module that dies in on_message', () => {
  it.each([
    ['crash', 'crash', 'SIGSEGV', 'about to write to address 0'],
    ['abort', 'crash', 'SIGABRT', 'about to abort'],
    ['exit', 'exit', null, 'about to exit'],
  ] as const)('%s: default verdict, a new generation, the last line kept', async (text, cause, signal, line) => {
    core = await startCore([filter, crashy()]);
    const outcome = await core.send(text);
    expect(outcome).toMatchObject({ verdict: 'pass', by: null });
    expect(outcome.trace).toMatchObject([
      { module: 'filter', verdict: 'pass', default: null },
      { module: 'crashy', verdict: 'pass', default: 'crash' },
    ]);
    expect(core.lines('crashy')).toEqual([line]);

    expect((await core.send('hello')).trace).toMatchObject([{ default: null }, { default: null }]);
    const status = core.module('crashy');
    expect(status).toMatchObject({ state: 'serving', generation: 2, restarts: 1, nextStartAt: null });
    expect(status.crashes).toMatchObject({ total: 1, lastSignal: signal, byCause: { [cause]: 1 } });
    const defaultByReason = { crash: 1, hang: 0, deadline: 0, overload: 0, quarantine: 0, down: 0 };
    expect(status.messages).toEqual({
      total: 2,
      pass: 1,
      consumed: 0,
      default: 1,
      defaultConsumed: 0,
      defaultByReason,
      late: 0,
      filtered: 0,
    });
    expect(status.lastError).toMatch(
      /^module crashy: host 1 \(pid \d+\) .* while executing on_message(; nobody had asked it to end)?$/,
    );
    expect(core.module('filter')).toMatchObject({ generation: 1, crashes: { total: 0 }, messages: { total: 2 } });
  });

  it('consumes by default when the configuration says so', async () => {
    core = await startCore([crashy({ onFailure: 'consume' }), filter]);
    const outcome = await core.send('crash');
    expect(outcome).toMatchObject({ verdict: 'consumed', by: 'crashy' });
    expect(outcome.trace).toMatchObject([{ module: 'crashy', verdict: 'consumed', default: 'crash' }]);
  });

  it('delivers what it sent and logged just before', async () => {
    core = await startCore([fixtureModule('sends-then-crashes')]);
    expect((await core.send('crash')).trace).toMatchObject([{ default: 'crash' }]);
    expect(core.sent).toMatchObject([
      { module: 'sends_then_crashes', generation: 1, params: { to: 'alice', from: 'bob' } },
    ]);
    expect(core.sent.map(({ payload }) => payload.toString())).toEqual(['last message']);
    expect(core.lines('sends_then_crashes')).toEqual(['last line']);
  });

  it('settles a whole batch: finished calls keep their verdicts, unseen ones get another chance', async () => {
    core = await startCore([crashy()]);
    const outcomes = await Promise.all(['a', 'b', 'crash', 'c', 'd'].map((text) => core.send(text)));
    expect(outcomes.map(({ trace }) => trace[0]?.default)).toEqual([null, null, 'crash', null, null]);
    expect(core.module('crashy')).toMatchObject({ generation: 2, messages: { total: 5, pass: 4, default: 1 } });
  });

  it('keeps changes that a call made before the next one crashed', async () => {
    core = await startCore([fixtureModule('change-2020'), fixtureModule('sends-then-crashes')]);
    const [changed] = await Promise.all([core.send('hello'), core.send('other')]);
    expect(changed.payload.toString()).toBe('HELLO');
    expect(changed.params.expiry).toBe(3600);
  });
});

describe('a host that is killed from outside', () => {
  it('gives every message in flight exactly one verdict', async () => {
    core = await startCore([fixtureModule('slow', { deadlineMs: 30_000 })]);
    const { pid } = core.module('slow');
    const verdicts: (string | null | undefined)[] = [];
    const all = Array.from({ length: 40 }, async () => {
      const { trace } = await core.send('20');
      expect(trace).toHaveLength(1);
      verdicts.push(trace[0]?.default);
      // Killed once some are answered, one is being executed and the others wait.
      if (verdicts.length === 3) process.kill(pid as number, 'SIGSEGV');
    });
    await Promise.all(all);
    expect(verdicts).toHaveLength(40);
    // The signal may also come between two calls: then none is lost.
    const lost = verdicts.filter((reason) => reason !== null);
    expect(lost.length).toBeLessThanOrEqual(1);
    expect(lost.every((reason) => reason === 'crash')).toBe(true);
    expect(core.module('slow')).toMatchObject({ generation: 2, crashes: { total: 1, lastSignal: 'SIGSEGV' } });
  });

  it('takes the children that the module forked with it', async () => {
    core = await startCore([fixtureModule('forks')]);
    await core.send('go');
    const child = Number(/child (\d+)/.exec(core.lines('forks')[0] ?? '')?.[1]);
    expect(isRunning(child)).toBe(true);
    process.kill(core.module('forks').pid as number, 'SIGKILL');
    await core.serving('forks', 2);
    await expect.poll(() => isRunning(child), { timeout: 10_000 }).toBe(false);
  });
});

describe('a module that hangs', () => {
  it('gets its default at the deadline, is killed at hang, and serves again', async () => {
    core = await startCore([filter, crashy({ deadlineMs: 500, hangMs: 2000 })]);
    const began = performance.now();
    const outcome = await core.send('hang');
    expect(performance.now() - began).toBeLessThan(5000);
    expect(outcome.trace[1]).toMatchObject({ module: 'crashy', verdict: 'pass', default: 'deadline' });
    expect(outcome.trace[1]?.micros).toBeGreaterThanOrEqual(500_000);
    await core.serving('crashy', 2);
    expect(core.module('crashy').crashes).toMatchObject({ total: 1, byCause: { hang: 1 }, lastSignal: 'SIGKILL' });
    expect(core.module('crashy').lastError).toContain('did not return from on_message in time (hang is 2s)');
    expect(core.lines('crashy')).toEqual(['about to hang']);
    expect((await core.send('hello')).trace).toMatchObject([{ default: null }, { default: null }]);
  });

  it('is noticed, too, when the process is stopped while it executes nothing', async () => {
    core = await startCore([crashy({ deadlineMs: 300, hangMs: 600 })]);
    process.kill(core.module('crashy').pid as number, 'SIGSTOP');
    expect((await core.send('hello')).trace).toMatchObject([{ default: 'deadline' }]);
    await core.serving('crashy', 2);
    expect(core.module('crashy').crashes.byCause).toMatchObject({ hang: 0, unreachable: 1 });
    expect(core.module('crashy').lastError).toContain('cannot be reached: it has answered nothing for');
    expect((await core.send('hello')).trace).toMatchObject([{ default: null }]);
  });

  it('is noticed too when the process is stopped and nobody asks anything of it', async () => {
    core = await startCore([crashy()], { heartbeatMs: 30 });
    process.kill(core.module('crashy').pid as number, 'SIGSTOP');
    await core.serving('crashy', 2);
    expect(core.module('crashy').crashes.byCause).toMatchObject({ hang: 0, unreachable: 1 });
  });

  it('is not called for messages whose deadline passed while it was busy', async () => {
    core = await startCore([fixtureModule('all-callbacks-table'), fixtureModule('slow', { deadlineMs: 200 })]);
    const late = await Promise.all([core.send('400'), core.send('0'), core.send('0')]);
    expect(late.map(({ trace }) => trace[1]?.default)).toEqual(['deadline', 'deadline', 'deadline']);
    // It answers the first after its default was given, and the others as expired; then it is free again.
    await expect.poll(() => core.module('slow').inFlight, { timeout: 10_000 }).toBe(0);
    expect((await core.send('0')).trace[1]).toMatchObject({ default: null });
    expect(core.module('slow')).toMatchObject({ generation: 1, crashes: { total: 0 } });
  });
});

describe('a module that overwrites its black box', () => {
  it.each(['header', 'head', 'ring', 'all'])('(%s) costs at most its own verdict', async (part) => {
    core = await startCore([fixtureModule('overwrites-box', { deadlineMs: 2000, hangMs: 1000 }), filter]);
    const outcome = await core.send(part);
    expect(outcome).toMatchObject({ verdict: 'pass', by: null });
    expect(outcome.trace[1]).toMatchObject({ module: 'filter', default: null });
    // It may have survived; then it serves, and else its successor does.
    await expect
      .poll(async () => (await core.send('nothing')).trace[0], { timeout: 30_000 })
      .toMatchObject({ module: 'overwrites_box', default: null });
  });
});

describe('restart intensity', () => {
  it('bypasses a module that crashes too often, with the reason, and says when it is tried again', async () => {
    const intensity = { maxCrashes: { count: 2, periodMs: 60_000 }, backoff: { minMs: 10, maxMs: 10 } };
    core = await startCore([crashy(intensity), filter]);
    for (const generation of [1, 2, 3]) {
      await core.serving('crashy', generation);
      await core.send('crash');
    }
    await core.until(() => core.module('crashy').state === 'failed');
    expect(core.module('crashy')).toMatchObject({ pid: null, crashes: { total: 3 }, restarts: 2 });
    expect(Date.parse(core.module('crashy').nextStartAt ?? '')).toBeGreaterThan(Date.now() + 20_000);
    expect((await core.send('hello')).trace).toMatchObject([
      { module: 'crashy', verdict: 'pass', default: 'down' },
      { module: 'filter', default: null },
    ]);
  });

  it.each([
    ['pass', 'its messages pass it by now; it is tried again in '],
    ['consume', 'its messages are dropped now (on_failure = consume); it is tried again in '],
  ] as const)('says what becomes of messages of a module that is given up: %s', async (onFailure, fate) => {
    core = await startCore([crashy({ onFailure, maxCrashes: { count: 1, periodMs: 60_000 } })]);
    for (const generation of [1, 2]) {
      await core.serving('crashy', generation);
      await core.send('crash');
    }
    await core.until(() => core.module('crashy').state === 'failed');
    const last = core.lives.findLast(({ kind }) => kind === 'exited');
    expect(last).toMatchObject({ text: expect.stringContaining(`; ${fate}`) });
    // What the program of on_event gets.
    const givenUp = core.lives.find((event) => event.kind === 'module' && event.to === 'failed');
    expect(givenUp).toMatchObject({ reason: expect.stringContaining(`; ${fate}`) });
    const defaultConsumed = onFailure === 'consume' ? 2 : 0;
    expect(core.module('crashy')).toMatchObject({ onFailure, messages: { default: 2, defaultConsumed } });
  });
});

const limited = makeMemoryCgroup(384 * 1024 * 1024);
afterAll(() => limited?.remove());

describe.skipIf(limited === null)('a module that takes more memory than there is', () => {
  it('is ended by the kernel, is reported as out of memory, and serves again', async () => {
    core = await startCore([fixtureModule('eats-memory', { deadlineMs: 60_000, hangMs: 60_000 })]);
    limited?.add(core.module('eats_memory').pid as number);
    // The core looks once a second in which group the process is.
    for (const began = performance.now(); performance.now() - began < 2000; ) await core.send('0');
    expect((await core.send('1024')).trace).toMatchObject([{ default: 'crash' }]);
    const status = core.module('eats_memory');
    expect(status.crashes).toMatchObject({ byCause: { crash: 0, memory: 1 }, lastSignal: 'SIGKILL' });
    expect(status.lastError).toContain('was killed by the kernel because memory ran out while executing on_message');
    expect(core.lines('eats_memory').at(-1)).toBe('about to take 1024 MiB');
    expect((await core.send('1')).trace).toMatchObject([{ default: null }]);
  });
});
