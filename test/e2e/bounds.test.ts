import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { makeConfig, Supervisor } from 'mesibo-modules';
import { afterEach, describe, expect, it } from 'vitest';
import { fixtureModule, sample, startCore, TestCore } from './core.js';

let core: TestCore;
afterEach(() => core.close());

/** The sum of a number in the supervisor's lines about a module. */
function told(name: string, pattern: RegExp): number {
  return core.lines(name, 'supervisor').reduce((sum, line) => sum + Number(pattern.exec(line)?.[1] ?? 0), 0);
}

describe('messages', () => {
  const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  it.each([
    ['of no bytes', Buffer.alloc(0)],
    ['with NULs', Buffer.from('a\0b\0')],
    ['of every byte, which is not UTF-8', all],
    ['of 1 MiB', Buffer.alloc(1024 * 1024, 'x')],
  ])('%s come back as they were, or as a module changed them', async (_, payload) => {
    core = await startCore([fixtureModule('change-2020'), fixtureModule('change-table'), fixtureModule('echo-params')]);
    const outcome = await core.supervisor.onMessage({ from: 'a', to: 'b' }, payload);
    expect(outcome.trace.map((entry) => entry.default)).toEqual([null, null, null]);
    const capitals = payload.map((byte) => (byte >= 97 && byte <= 122 ? byte - 32 : byte));
    const rotated = capitals.map((byte) => (byte >= 65 && byte <= 90 ? 65 + ((byte - 65 + 13) % 26) : byte));
    expect(outcome.payload.equals(rotated)).toBe(true);
    expect(core.lines('echo_params')[1]).toBe(`len=${payload.length} to=1 from=1 after=0`);
  });

  it('of many sizes come back as they were or as they were changed, even when the shared memory is too small for all', async () => {
    const options = { blackBoxBytes: 2 * 1024 * 1024, maxMessageBytes: 256 * 1024 };
    core = await startCore([fixtureModule('change-2020'), fixtureModule('change-table')], options);
    const sizes = [0, 1, 8191, 8192, 8193, 40_000, 65_536, 200_000, 256 * 1024];
    const payloads = Array.from({ length: 150 }, (_, i) =>
      Buffer.alloc(sizes[i % sizes.length] as number, `${i} Xyz `),
    );
    const outcomes = await Promise.all(
      payloads.map(async (payload) => {
        const copy = Buffer.from(payload);
        const outcome = core.supervisor.onMessage({ from: 'a', to: 'b' }, payload);
        // The caller may use its memory again at once.
        payload.fill(0);
        return { copy, outcome: await outcome };
      }),
    );
    for (const { copy, outcome } of outcomes) {
      expect(outcome.trace.map((entry) => entry.default)).toEqual([null, null]);
      const capitals = copy.toString('latin1').toUpperCase();
      const rotated = capitals.replace(/[A-Z]/g, (letter) =>
        String.fromCharCode(((letter.charCodeAt(0) - 52) % 26) + 65),
      );
      expect(outcome.payload.toString('latin1') === rotated).toBe(true);
    }
  });

  it('that are large come back whole, although the module dies of one of them', async () => {
    core = await startCore([{ name: 'crashy', path: sample('crashy') }, fixtureModule('echo-params')]);
    const texts = Array.from({ length: 20 }, (_, i) => (i === 7 ? 'crash ' : `text ${i} `).padEnd(30_000 + i, 'x'));
    const outcomes = await Promise.all(texts.map((text) => core.send(text)));
    for (const [i, { payload, trace }] of outcomes.entries()) {
      expect(payload.toString() === texts[i], `message ${i}`).toBe(true);
      expect(trace[1], `message ${i}`).toMatchObject({ module: 'echo_params', default: null });
    }
    expect(outcomes[7]?.trace[0]).toMatchObject({ default: 'crash' });
  });

  it('carry ids of 2^64-1 and addresses of 64 KiB', async () => {
    core = await startCore([fixtureModule('echo-params')]);
    const max = 2n ** 64n - 1n;
    const params = { aid: max, id: max, refid: max, groupid: max, sid: max, from: 'a', to: 'b'.repeat(65536) };
    const outcome = await core.send('hello', params);
    expect(outcome.params).toMatchObject(params);
    expect(core.lines('echo_params')[0]).toContain(`aid=${max} id=${max} refid=${max} groupid=${max}`);
    expect(core.lines('echo_params')[1]).toContain('to=65536');
  });

  it('over max_message, or with impossible parameters, are refused before they travel', async () => {
    core = await startCore([fixtureModule('echo-params')], { maxMessageBytes: 1000 });
    await expect(core.send('x'.repeat(1001))).rejects.toMatchObject({
      code: 'MESSAGE_TOO_LARGE',
      message: 'the message has 1001 bytes, more than max_message (1000); it was refused',
    });
    await expect(core.send('x', { from: 'a'.repeat(65537), to: 'b' })).rejects.toMatchObject({
      code: 'MESSAGE_TOO_LARGE',
    });
    await expect(core.send('x', { from: 'a\0', to: 'b' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(core.send('x', { id: 2n ** 64n })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    for (const address of ['a\0', 'a\ud800', '\udc00']) {
      const refused = { code: 'INVALID_ARGUMENT' };
      for (const params of [{ from: address }, { to: address }]) {
        await expect(core.send('x', params)).rejects.toMatchObject(refused);
        await expect(core.supervisor.onMessageStatus(params, 1)).rejects.toMatchObject(refused);
      }
      await expect(core.supervisor.onLogin({ address })).rejects.toMatchObject(refused);
    }
    expect((await core.send('x'.repeat(1000))).trace).toMatchObject([{ default: null }]);
    expect(core.module('echo_params').messages.total).toBe(1);
  });
});

describe('a flood', () => {
  it('beyond window and queue gets the default verdict at once', async () => {
    core = await startCore([fixtureModule('slow', { window: 2, queue: 3, deadlineMs: 30_000 })]);
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => core.send('20')));
    const reasons = outcomes.map(({ trace }) => trace[0]?.default);
    expect(reasons).toEqual([null, null, null, null, null, 'overload', 'overload', 'overload']);
    expect(core.module('slow')).toMatchObject({ inFlight: 0, queued: 0, messages: { pass: 5, default: 3 } });
  });

  it('makes the sender wait where overload = wait, and gets its own verdicts', async () => {
    core = await startCore([fixtureModule('slow', { window: 2, queue: 3, overload: 'wait', deadlineMs: 30_000 })]);
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => core.send('5')));
    expect(outcomes.filter(({ trace }) => trace[0]?.default !== null)).toEqual([]);
  });

  it('of large messages holds no more memory than it may', async () => {
    // Beside eight messages there is room for their addresses, which count as well.
    const limits = { queueBytes: 8 * 1024 * 1024 + 1024, maxMessageBytes: 1024 * 1024, blackBoxBytes: 4 * 1024 * 1024 };
    core = await startCore([fixtureModule('slow', { deadlineMs: 30_000 })], limits);
    const large = Buffer.alloc(1024 * 1024, '1\0');
    const outcomes = await Promise.all(Array.from({ length: 30 }, () => core.send(large)));
    const own = outcomes.filter(({ trace }) => trace[0]?.default === null).length;
    // Four or five in the host, whose ring is a little smaller than four, and eight that wait.
    expect(own).toBeGreaterThanOrEqual(12);
    expect(own).toBeLessThanOrEqual(13);
    expect(outcomes.filter(({ trace }) => trace[0]?.default === 'overload')).toHaveLength(30 - own);
  });

  it('of messages with long addresses holds no more memory either', async () => {
    core = await startCore([fixtureModule('slow', { window: 1, deadlineMs: 30_000 })], { queueBytes: 1024 * 1024 });
    const params = { from: 'a'.repeat(65_536), to: 'b'.repeat(65_536) };
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => core.send('5', params)));
    // One in the host, and seven that wait: with its text, each has a little more than 128 KiB.
    expect(outcomes.filter(({ trace }) => trace[0]?.default === null)).toHaveLength(8);
    expect(outcomes.filter(({ trace }) => trace[0]?.default === 'overload')).toHaveLength(12);
  });

  it('of notifications holds up no message', async () => {
    core = await startCore([fixtureModule('slow', { window: 8, deadlineMs: 60_000 })], { chainDeadlineMs: 60_000 });
    let told = 0;
    const statuses = Array.from({ length: 40 }, async () => {
      await core.supervisor.onMessageStatus({ from: 'a', to: 'b', id: 1n }, 20);
      told += 1;
    });
    await core.send('0');
    const before = told;
    await core.send('0');
    expect(before).toBeLessThanOrEqual(2);
    expect(told).toBeLessThanOrEqual(before + 2);
    await Promise.all(statuses);
    expect(told).toBe(40);
  });

  it('of messages holds up no notification', async () => {
    core = await startCore([fixtureModule('slow', { window: 8, deadlineMs: 60_000 })], { chainDeadlineMs: 60_000 });
    let isTold = false;
    async function sendUntilTold(): Promise<void> {
      while (!isTold) await core.send('2');
    }
    const senders = Array.from({ length: 16 }, sendUntilTold);
    for (let i = 0; i < 20; i++) await core.send('2');
    const { trace } = await core.supervisor.onMessageStatus({ from: 'a', to: 'b', id: 1n }, 0);
    isTold = true;
    expect(trace).toMatchObject([{ module: 'slow', default: null }]);
    await Promise.all(senders);
  });

  it('of log lines loses none, or says how many and why', async () => {
    core = await startCore([fixtureModule('flood', { deadlineMs: 30_000, hangMs: null, logRate: null })]);
    await core.send('200000');
    await core.supervisor.stop();
    const dropped = told('flood', /(\d+) log lines? w\w+ dropped: the black box was full/);
    expect(core.lines('flood').length + dropped).toBe(200_000);
    expect(dropped).toBeGreaterThan(0);
    expect(core.module('flood').dropped.logLines).toBe(dropped);
  });

  it('of log lines is cut to log_rate a second', async () => {
    core = await startCore([fixtureModule('flood', { deadlineMs: 30_000, logRate: 50 })]);
    for (let i = 0; i < 20; i++) await core.send('100');
    await core.supervisor.stop();
    const dropped = told('flood', /(\d+) log lines? w\w+ dropped: more than log_rate, 50 lines a second/);
    expect(core.lines('flood').length + dropped).toBe(2000);
    expect(core.lines('flood').length % 50).toBe(0);
  });

  it('of output is cut to log_rate a second, and neither module nor core waits', async () => {
    core = await startCore([fixtureModule('floods-stdout', { deadlineMs: 30_000 }), fixtureModule('echo-params')]);
    // More than any pipe holds: 64 MiB.
    const outcome = await core.send('8000000');
    expect(outcome.trace).toMatchObject([{ default: null }, { default: null }]);
    await core.supervisor.stop();
    const dropped = told(
      'floods_stdout',
      /(\d+) bytes of stdout were dropped: more than log_rate, 1000 lines a second/,
    );
    const kept = core.lines('floods_stdout', 'stdout');
    const keptBytes = kept.reduce((sum, line) => sum + line.length + 1, 0);
    // Its last words were dropped first, and are kept all the same.
    expect(keptBytes + dropped).toBeGreaterThanOrEqual(64_000_000);
    expect(kept.slice(0, 2)).toEqual(['0000000', '0000001']);
    expect(kept.at(-1)).toBe('7999999');
    expect(core.module('floods_stdout').dropped.outputBytes).toBe(dropped);
  });

  it('of a thread of the module ends nothing, whatever it makes the host allocate', async () => {
    core = await startCore([fixtureModule('thread-floods')]);
    // Enough to fill the black box, and to make the host collect its garbage, several times.
    for (let round = 1; round <= 3; round++) {
      await core.send('400000');
      await core.until(() => core.sent.length === round);
    }
    expect((await core.send('')).trace).toMatchObject([{ default: null }]);
    expect(core.module('thread_floods')).toMatchObject({ generation: 1, crashes: { total: 0 } });
  });

  it('of sends is accepted or refused, and what was accepted arrives', async () => {
    core = await startCore([fixtureModule('sends-many', { deadlineMs: 30_000 })]);
    await core.send('1000');
    expect(core.sent.map(({ payload }) => payload.toString())).toEqual(
      Array.from({ length: 1000 }, (_, i) => `sent ${i + 1}`),
    );
  });
});

it('a late verdict on a notification is not counted as a late verdict on a message', async () => {
  core = await startCore([fixtureModule('slow', { deadlineMs: 100 })]);
  const { trace } = await core.supervisor.onMessageStatus({ from: 'a', to: 'b' }, 300);
  expect(trace).toMatchObject([{ default: 'deadline' }]);
  await expect.poll(() => core.module('slow').inFlight, { timeout: 10_000 }).toBe(0);
  const { messages } = core.module('slow');
  const { defaultByReason, ...counts } = messages;
  expect(counts).toEqual({ total: 0, pass: 0, consumed: 0, default: 0, defaultConsumed: 0, late: 0, filtered: 0 });
  expect(Object.values(defaultByReason)).toEqual([0, 0, 0, 0, 0, 0]);
});

describe('directories and memory', () => {
  it('one core per run directory: the second is refused and changes nothing', async () => {
    core = await startCore([{ name: 'crashy', path: sample('crashy') }]);
    const second = new Supervisor(makeConfig({ modules: [] }), { runDir: core.runDir });
    await expect(second.start()).rejects.toMatchObject({
      code: 'RUN_DIR_BUSY',
      message: expect.stringContaining(`is held by the core with pid ${process.pid}`),
    });
    expect((await core.send('hello')).trace).toMatchObject([{ default: null }]);
  });

  it('a run directory whose sockets would have too long a path is refused with the length', async () => {
    core = new TestCore({ modules: [] });
    const runDir = join(core.directory, 'x'.repeat(120));
    const long = new Supervisor(makeConfig({ modules: [{ name: 'crashy', path: sample('crashy') }] }), { runDir });
    await expect(long.start()).rejects.toMatchObject({
      code: 'SOCKET_PATH_TOO_LONG',
      message: expect.stringMatching(/has \d+ bytes, .* 107/),
    });
    await core.start();
  });

  it('a run directory that others may write to is refused', async () => {
    core = new TestCore({ modules: [] });
    const runDir = join(core.directory, 'open');
    mkdirSync(runDir);
    chmodSync(runDir, 0o777);
    await expect(new Supervisor(makeConfig({ modules: [] }), { runDir }).start()).rejects.toMatchObject({
      code: 'RUN_DIR_UNUSABLE',
    });
    await core.start();
  });

  it('a start is refused when there is no room for a black box', async () => {
    const modules = [{ name: 'crashy', path: sample('crashy') }];
    // More than any machine has, and than a configuration may ask for.
    core = await new TestCore({ modules }, { blackBoxBytes: 2 ** 44 }).start();
    const [refusal] = core.report.refused;
    expect(refusal?.error).toMatchObject({ code: 'BLACK_BOX_UNAVAILABLE', module: 'crashy' });
    expect(refusal?.error.message).toMatch(
      /^module crashy: no memory for the black box: \/dev\/shm .*lower black_box$/,
    );
    expect((await core.send('hello')).trace).toMatchObject([{ default: 'down' }]);
  });
});
