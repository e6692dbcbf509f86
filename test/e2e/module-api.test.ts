import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { fixture, fixtureModule, fixtureOf, sample, startCore, type TestCore } from './core.js';

let core: TestCore;
afterEach(() => core.close());

describe('a chain of several ABIs', () => {
  it('hands on what each module changed, to the next one and to the outcome', async () => {
    core = await startCore([fixtureModule('change-table'), fixtureModule('change-2020'), fixtureModule('echo-params')]);
    expect(core.supervisor.status().modules.map(({ abi }) => abi)).toEqual(['table', 'exports-2020', 'exports-2020']);
    const outcome = await core.send('hello', { from: 'alice', to: 'bob', expiry: 7, sid: 9, device: 3, uflags: 1 });
    expect(outcome.payload.toString()).toBe('URYYB');
    expect(outcome.params).toMatchObject({ expiry: 3600, to: 'bob', sid: 9n, device: 3, uflags: 1 });
    expect(core.lines('echo_params')[0]).toMatch(/expiry=3600 uflags=1 status=0 sid=9 device=3$/);
  });

  it('passes on an address that a module repointed to its own memory', async () => {
    core = await startCore([fixtureModule('change-2020'), fixtureModule('all-callbacks-table')]);
    const outcome = await core.send('redirect me');
    expect(outcome.params.to).toBe('redirected');
    expect(core.lines('all_callbacks_table')).toEqual(['on_message id=0 from=alice to=redirected text=REDIRECT ME']);
  });
});

describe.each(['table', '2019', '2020'])('every callback (%s)', (abi) => {
  it('is called with its arguments, and cleanup last', async () => {
    const module = fixtureModule(`all-callbacks-${abi}`);
    core = await startCore([module]);
    expect(core.module(module.name).description).toBe(abi === 'table' ? null : 'every callback');
    await core.send('hello', { id: 5, from: 'alice', to: 'bob' });
    expect(await core.supervisor.onMessageStatus({ id: 5, from: 'bob', to: 'alice' }, 2)).toMatchObject({
      verdict: 'pass',
      by: null,
    });
    const failed = await core.supervisor.onMessageStatus({ id: 6, from: 'bob', to: 'alice' }, 0x80);
    expect(failed).toMatchObject({ verdict: 'consumed', by: module.name });
    const login = await core.supervisor.onLogin({ address: 'alice', flags: 4 });
    expect(login.trace).toHaveLength(abi === 'table' ? 0 : 1);
    await core.supervisor.onCall();
    await core.supervisor.onCallStatus();
    await core.supervisor.stop();
    const lines = core.lines(module.name);
    expect(lines.filter((line) => !line.startsWith('on_login'))).toEqual([
      ...(abi === '2020' ? ['on_config type=0 value=NULL'] : []),
      'on_message id=5 from=alice to=bob text=hello',
      'on_message_status id=5 from=bob to=alice status=2',
      'on_message_status id=6 from=bob to=alice status=128',
      'on_call',
      'on_call_status',
      'on_cleanup',
    ]);
    expect(lines.filter((line) => line.startsWith('on_login'))).toHaveLength(abi === 'table' ? 0 : 1);
    if (abi !== 'table') expect(lines.find((line) => line.startsWith('on_login'))).toMatch(/alice/);
  });
});

it.each(['table', '2020'])('a callback that a module lacks costs it nothing (%s)', async (abi) => {
  core = await startCore([fixtureModule(`change-${abi}`)]);
  expect(await core.supervisor.onCall()).toEqual({ verdict: 'pass', by: null, trace: [] });
});

describe('log', () => {
  const expected = [
    'string [hello]',
    'float [ 3.14]',
    'unsigned long [18446744073709551615]',
    'pointer [0x1234abcd]',
    'doubles [1.5 2.5 3.5 4.5 5.5 6.5 7.5 8.5 9.5]',
    'integers [1 -2 3 -4 5 -6 7 -8]',
    'mixed [1 1.5 a 2 2.5 b 3 3.5 c z]',
    'percent [100%]',
    'no newline',
    `long [${'x'.repeat(10_240)}]`,
  ];
  it.each([
    ['printf', 'text', 'table'],
    ['printf-2019', 'text', 'exports-2019'],
    ['printf-2020', 'text', 'exports-2020'],
    ['printf-2020', 'vlog', 'exports-2020'],
  ] as const)('%s (%s) prints what printf would', async (name, text, abi) => {
    const module = fixtureModule(name, { abi });
    core = await startCore([module]);
    await core.send(text);
    expect(core.lines(module.name)).toEqual(expected);
  });

  it('and stdout and stderr of the process are kept apart', async () => {
    core = await startCore([fixtureModule('writes-stdout')]);
    await core.send('hello');
    await core.supervisor.stop();
    await core.until(
      () => core.lines('writes_stdout', 'stdout').length === 2 && core.lines('writes_stdout', 'stderr').length === 2,
    );
    expect(core.lines('writes_stdout', 'stdout')).toEqual(['stdout with a newline', 'stdout without']);
    expect(core.lines('writes_stdout', 'stderr')).toEqual(['stderr with a newline', 'stderr without']);
  });
});

describe('threads', () => {
  it('of a module may log and send while on_message waits for them', async () => {
    core = await startCore([fixtureModule('thread-logs-and-sends')]);
    expect((await core.send('hello')).trace).toMatchObject([{ default: null }]);
    expect(core.lines('thread_logs_and_sends')).toEqual(['from the thread']);
    expect(core.sent.map(({ payload }) => payload.toString())).toEqual(['sent by the thread']);
  });
});

describe.each(['table', '2019', '2020'] as const)('an argument that the functions cannot take (%s)', (abi) => {
  it('is refused with a line, and the module lives', async () => {
    const module = fixtureOf(abi, 'bad-sends');
    core = await startCore([module], { maxMessageBytes: 64 * 1024 });
    const before = core.lines(module.name);
    if (abi !== 'table') {
      const none = ['NULL name returned 0', 'NULL module returned 0', 'NULL text returned 0'];
      expect(before).toEqual([...none, 'mesibo_util_create_thread failed: its function is NULL']);
    }
    expect((await core.send(String(64 * 1024 + 1))).trace).toMatchObject([{ default: null }]);
    const refused = (why: string, what: string) => [`send_message refused: ${why}`, `${what} returned -1`];
    expect(core.lines(module.name).slice(before.length)).toEqual([
      ...refused('params is NULL', 'NULL params'),
      ...refused('neither to nor groupid is set', 'NULL to'),
      ...refused('65537 bytes are more than max_message (65536)', 'too long'),
      ...refused('18446744073709551615 bytes are more than max_message (65536)', 'length -1'),
      ...refused('message is NULL, but its length is 1', 'NULL message'),
      ...refused('an address is longer than 65536 bytes', 'long from'),
      'NULL format returned -1',
      'never set returned 0',
    ]);
    expect(core.module(module.name).sends).toMatchObject({ total: 1, undelivered: 0, refused: 0, waiting: 0 });
    const all = 2n ** 64n - 1n;
    const online = abi === '2020' ? 2 ** 64 : 1;
    const params = { id: all, groupid: all, to: 'bob', from: null, uflags: online, sid: abi === '2020' ? all : 0n };
    expect(core.sent).toMatchObject([{ params, payload: Buffer.alloc(0) }]);
  });
});

describe('configuration', () => {
  it('reaches the module as it is written, in memory that it may write to', async () => {
    core = await startCore([fixtureModule('getconfig', { config: { words: 'a,b,c', empty: '' } })]);
    await core.send('words');
    await core.send('absent');
    const lines = core.lines('getconfig');
    expect(lines[0]).toBe('2 settings');
    expect(lines.join('\n')).toMatch(/words.*a,b,c/);
    expect(lines.at(-1)).toBe('absent is not set');
  });
});

describe.each(['2019', '2020'] as const)('the small helpers (%s)', (abi) => {
  it('give settings, threads and the clock', async () => {
    core = await startCore([fixtureOf(abi, 'services', { config: { words: 'a,b', other: 'x' } })]);
    await core.send('hello');
    const lines = ['2 settings, the first is words = a,b', 'word a', 'word b', 'on looker'];
    expect(core.lines(`services_${abi}`)).toEqual([...lines, ...(abi === '2020' ? ['the clock went on'] : [])]);
  });
});

describe('json_extract', () => {
  it('of the older ABI goes on from where it was', async () => {
    core = await startCore([fixtureOf('2019', 'extracts-json')]);
    const text = '{"list":[{"a":"caf\\u00e9"},{"a" : 2}],"b":[1,2]}';
    expect((await core.send(text)).payload.toString()).toBe(text);
    expect(core.lines('extracts_json_2019')).toEqual(['a is café', 'a is 2', 'b is [1,2]']);
  });

  it('finds values in a message, which is the changed text for the next module', async () => {
    core = await startCore([fixtureModule('extracts-json')]);
    const text = '{"b":[1,2],"list":[{"a":"caf\\u00e9"},{"a" : 2}]}';
    const { payload } = await core.send(text);
    expect(core.lines('extracts_json')).toEqual(['a is café', 'a is 2', 'b is [1,2]', 'c is not there']);
    expect(payload).toHaveLength(text.length);
    expect(payload.includes('[1,2]\0,"list"')).toBe(true);
    await core.send('{"c":');
    expect(core.lines('extracts_json').slice(4)).toEqual(['b is not there', 'c is not there']);
  });
});

describe('symbols', () => {
  it.runIf(existsSync(fixture('libcrypto')))('of a library that Node carries too are those of the system', async () => {
    core = await startCore([fixtureModule('libcrypto')]);
    await core.send('hello');
    const maps = execFileSync('grep', ['libcrypto', `/proc/${core.module('libcrypto').pid}/maps`], {
      encoding: 'utf8',
    });
    const library = /\/\S*libcrypto\.so\S*/.exec(maps)?.[0] ?? '';
    const system = execFileSync('grep', ['-aom1', 'OpenSSL [0-9][0-9a-z.]* [0-9]* [A-Z][a-z]* [0-9]*', library], {
      encoding: 'utf8',
    });
    expect(core.lines('libcrypto')).toEqual([`libcrypto [${system.split('\n')[0]}]`]);
  });

  it('without a service in this version can be imported, return failure and say so once', async () => {
    core = await startCore([fixtureModule('calls-later-services')]);
    expect(core.report.refused).toEqual([]);
    await core.send('again');
    const lines = core.lines('calls_later_services');
    expect(lines.filter((line) => line.includes('mesibo_util_fcgi is not offered'))).toHaveLength(1);
    expect(lines.filter((line) => line === 'fcgi returned -1').length).toBeGreaterThan(0);
  });
});

describe('samples', () => {
  it('filter blocks the words of its configuration, autoreply answers, and neither sees its own', async () => {
    const config = { blocked_words: 'darn,heck' };
    core = await startCore([
      { name: 'filter', path: sample('filter'), config },
      { name: 'autoreply', path: sample('autoreply'), config: { reply: 'Thanks.' } },
    ]);
    expect(await core.send('What the HECK?')).toMatchObject({ verdict: 'consumed', by: 'filter' });
    expect(await core.send('checking')).toMatchObject({ verdict: 'pass', by: null });
    expect(core.sent).toHaveLength(1);
    const { params, payload } = core.sent[0] as TestCore['sent'][number];
    expect(payload.toString()).toBe('Thanks.');
    const reply = await core.supervisor.onMessage({ ...params, from: params.from, to: params.to }, payload, {
      sentBy: 'autoreply',
    });
    expect(reply.trace.map(({ module }) => module)).toEqual(['filter']);
  });
});
