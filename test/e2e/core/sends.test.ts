/** What modules send, in a core in a program: taken by the program, by chat servers, by nobody, and only watched. */

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CoreStatus, ModuleDescription } from '../../../src/supervisor/types.js';
import { messageOf, RawServer } from '../../helpers/raw-server.js';
import { fixture } from '../core.js';
import { EmbeddingProgram } from './program.js';

/** Sends "sent" back with the id that a message names, and logs the statuses that it gets. */
const MODULE = `module statuses_table { path = ${fixture('statuses-table')} ; abi = table ; deadline = 20s }`;
/** Sends in each callback. */
const CALLBACKS = `module sends_in_callbacks { path = ${fixture('sends-in-callbacks')} ; deadline = 20s }`;
const GATEWAY_OFF = `gateway = off\n${MODULE}`;

let program: EmbeddingProgram;
beforeEach(() => {
  program = new EmbeddingProgram();
});
afterEach(async () => {
  await program.close();
});

const take = (how: string, options: object = {}) => program.do('take', { name: 'run', how, ...options });
const send = (text: string, id = 0) => program.do('send', { name: 'run', text, id });
const status = () => program.do<CoreStatus>('status', { name: 'run' });
const describeModule = () => program.do<ModuleDescription>('describe', { name: 'run', module: 'statuses_table' });
const log = (text: string) => program.says('log', { module: 'statuses_table', text });
const gone = async () => expect.poll(async () => (await status()).sends?.waiting, { timeout: 20_000 }).toBe(0);

/** A chat server that takes sends. */
async function enter(server = 'chat'): Promise<RawServer> {
  const path = (await status()).core.gateway ?? '';
  return (await RawServer.join(path, { server, takesSends: true })).server;
}

/** Another program that has the directories of the first, which has ended or been killed. */
async function next(config: string, before: (name: string) => Promise<unknown> = async () => undefined) {
  const directory = program.directory;
  const other = new EmbeddingProgram();
  await other.make('run', other.write(config), {
    runDir: join(directory, 'run'),
    stateDir: join(directory, 'run-state'),
  });
  program = other;
  await before('run');
  await other.do('start', { name: 'run' });
  return () => rmSync(directory, { recursive: true });
}

describe('a program that takes the messages of modules', () => {
  it.each([
    ['auto', MODULE],
    ['off', GATEWAY_OFF],
  ])('gets each once, with the message that caused it; with gateway = %s', async (_, config) => {
    await program.make('run', program.write(config));
    await take('accept');
    await program.do('start', { name: 'run' });
    for (const id of [7, 8, 9]) await send(`${id}`, id + 100);
    await gone();
    expect(program.sent).toMatchObject(
      [7, 8, 9].map((id) => ({ id: `${id}`, text: 'sent', cause: { server: '(program)', eventId: `${id + 100}` } })),
    );
    const { sends, servers } = await status();
    expect(sends).toMatchObject({ waiting: 0, delivered: 3, refused: 0, expired: 0 });
    expect(servers).toEqual([
      { name: '(program)', connections: 1, takesSends: true, inProgress: 0, unacknowledged: 0 },
    ]);
    expect((await describeModule()).sends).toEqual({
      ...{ total: 3, undelivered: 0, refused: 0, waiting: 0 },
      ...{ delivered: 3, refusedByServer: 0, expired: 0, consumed: 0 },
    });
    await program.do('stop', { name: 'run' });
  });

  it('answers one with a number, and its module gets that number as its status', async () => {
    await program.start(MODULE);
    await take('read');
    await send('7');
    await log('status=3 id=7 flags=0 from=bob to=alice');
    await program.do('stop', { name: 'run' });
  });

  it.each(['reject', 'throw'])(
    'refuses one when its function does so (%s): the module gets 0x80, and the log says so',
    async (how) => {
      await program.start(MODULE);
      await take(how);
      await send('7');
      await log('status=128 id=7 flags=0 from=bob to=alice');
      const text =
        'the program refused 1 message that modules sent, the last one of module statuses_table: bob has moved';
      await program.says('log', { text });
      await gone();
      expect((await status()).sends).toMatchObject({ delivered: 0, refused: 1 });
      await program.do('stop', { name: 'run' });
    },
  );

  it('gets a warning for an invalid status, and the message is taken nevertheless', async () => {
    await program.start(MODULE);
    await take('odd');
    await send('7');
    await program.until(() =>
      program.told.some(({ text }) =>
        text?.startsWith('the status of a message of module statuses_table was not passed on'),
      ),
    );
    await gone();
    await program.do('stop', { name: 'run' });
  });

  it('gets what its events and its statuses caused, even while a chat server is connected', async () => {
    await program.start(CALLBACKS);
    const server = await enter();
    await take('read');
    await send('a', 7);
    for (const command of ['login', 'call', 'callStatus', 'messageStatus']) await program.do(command, { name: 'run' });
    await program.until(() => program.sent.length >= 10);
    // One that a status of the program caused, and so on: they end with the taking.
    await program.do('untake', { name: 'run' });
    const causes = new Map(program.sent.map(({ text, cause }) => [text, cause]));
    const own = { server: '(program)', eventId: null, hops: 0 };
    expect(Object.fromEntries(causes)).toEqual({
      on_message: { ...own, eventId: '7' },
      on_login: own,
      on_call: own,
      on_call_status: own,
      'on_message_status 3': own,
    });
    server.say(messageOf(1, 'b'));
    const frames = [await server.next(), await server.next()];
    expect(frames).toContainEqual(expect.objectContaining({ kind: 'send', cause: 1n }));
    server.end();
    await program.do('stop', { name: 'run' });
  });

  it('gets no more at a time than it asked for', async () => {
    await program.start(MODULE);
    await take('hold', { window: 2 });
    for (const id of [1, 2, 3, 4]) await send(`${id}`);
    await program.until(() => program.sent.length === 2);
    expect((await status()).servers[0]).toMatchObject({ unacknowledged: 2 });
    expect((await describeModule()).sends.waiting).toBe(4);
    await program.do('release', { id: '2' });
    await program.until(() => program.sent.length === 3);
    expect(program.sent.map(({ id }) => id)).toEqual(['1', '2', '3']);
    for (const id of ['1', '3']) await program.do('release', { id });
    await program.until(() => program.sent.length === 4);
    await program.do('release', { id: '4' });
    await gone();
    await program.do('stop', { name: 'run' });
  });

  it('may stop taking, and another function goes on: messages in hand are finished, the others go to the new function', async () => {
    await program.start(MODULE);
    await take('hold', { window: 1 });
    await expect(take('accept')).rejects.toMatchObject({ code: 'ILLEGAL_STATE' });
    for (const id of [1, 2]) await send(`${id}`);
    await program.until(() => program.sent.length === 1);
    const ending = program.do('untake', { name: 'run' });
    await program.do('release', { id: '1' });
    await ending;
    expect((await status()).servers).toEqual([]);
    await take('accept');
    await program.until(() => program.sent.length === 2);
    expect(program.sent.map(({ id }) => id)).toEqual(['1', '2']);
    await gone();
    await program.do('stop', { name: 'run' });
  });

  it('gets an error when it begins to take too late and the core has no gateway', async () => {
    await program.start(GATEWAY_OFF);
    await expect(take('accept')).rejects.toMatchObject({
      code: 'ILLEGAL_STATE',
      message:
        'takeSends: this core was started without a door for servers, so it keeps no messages that modules send; call takeSends before the start, or set gateway = auto',
    });
    // As before there were servers.
    await send('7');
    await log('status=128 id=7 flags=0 from=bob to=alice');
    expect(await status()).toMatchObject({ sends: null, servers: [], core: { gateway: null, embedded: true } });
    await program.do('stop', { name: 'run' });
  });
});

describe('a message that nobody has taken', () => {
  it('waits, is shown by commands, and is there again after the program was killed, under the same id and in order', async () => {
    await program.start(MODULE);
    await take('hold');
    for (const id of [1, 2, 3]) await send(`${id}`);
    await program.until(() => program.sent.length === 3);
    const first = program.sent.map(({ sentId }) => sentId);
    await program.kill();

    const clean = await next(MODULE);
    const cli = program.cli();
    const env = ['--run-dir', (await status()).core.gateway?.replace('/gateway.sock', '') ?? ''];
    const shown = await cli.run(...env, 'status');
    expect(shown.code).toBe(0);
    expect(shown.stdout).toContain('3 messages that modules sent wait, and no server takes them (statuses_table: 3)');
    expect(shown.stdout).toMatch(/-> let a server that takes sends connect to \/.*\/gateway\.sock/);
    expect((await cli.run(...env, 'describe', 'statuses_table')).stdout).toMatch(/sent +0; 3 waiting, 0 undelivered/);
    expect((await cli.run(...env, 'list')).stdout).toMatch(/SENDS WAIT[\s\S]*statuses-table\.so +3/);
    expect(JSON.parse((await cli.run(...env, 'list', '--json')).stdout)).toMatchObject([{ waiting: 3 }]);
    expect(JSON.parse((await cli.run(...env, 'status', '--json')).stdout)).toMatchObject({
      core: { embedded: true },
      modules: [{ sends: { waiting: 3 } }],
      sends: { waiting: 3 },
      servers: [],
    });
    await take('accept');
    await gone();
    expect(program.sent.map(({ sentId }) => sentId)).toEqual(first);
    await program.do('stop', { name: 'run' });
    clean();
  });

  it('comes again at the next start when it was in hand at a stop, unless it was finished meanwhile', async () => {
    await program.start(MODULE);
    await take('hold');
    for (const id of [1, 2]) await send(`${id}`);
    await program.until(() => program.sent.length === 2);
    const stopping = program.do('stop', { name: 'run' });
    await program.says('stopping');
    await program.do('release', { id: '1' });
    await stopping;
    const clean = await next(MODULE, () => take('accept'));
    await program.until(() => program.sent.length === 1);
    expect(program.sent[0]).toMatchObject({ id: '2' });
    await gone();
    await program.do('stop', { name: 'run' });
    clean();
  });
});

describe('a chat server at the gateway of a core in a program', () => {
  it.each(['json', 'protobuf'] as const)(
    'gets its verdicts and the sends of its own events, and the program gets those of its own (%s)',
    async (encoding) => {
      await program.start(MODULE);
      await take('accept');
      const gateway = join(program.runDir, 'gateway.sock');
      expect((await status()).core.gateway).toBe(gateway);
      const { server, welcome } = await RawServer.join(gateway, { takesSends: true }, encoding);
      expect(welcome).toMatchObject({ callbacks: ['on_message', 'on_message_status'] });
      server.say(messageOf(5, '7'));
      const frames = [await server.next(), await server.next()];
      expect(frames.map((frame) => frame?.kind).sort()).toEqual(['outcome', 'send']);
      const sent = frames.find((frame) => frame?.kind === 'send');
      expect(sent).toMatchObject({ module: 'statuses_table', cause: 5n });
      await send('8');
      await program.until(() => program.sent.length === 1);
      expect(program.sent[0]).toMatchObject({ id: '8', cause: { server: '(program)' } });
      expect((await status()).servers).toEqual([
        { name: 'chat', connections: 1, takesSends: true, inProgress: 0, unacknowledged: 1 },
        { name: '(program)', connections: 1, takesSends: true, inProgress: 0, unacknowledged: 0 },
      ]);
      const shown = await program.cli().run('status');
      expect(shown.stdout).toMatch(/^chat +1 +0 +yes +1$/m);
      expect(shown.stdout).toContain('1 message that modules sent waits for a server (statuses_table: 1)');
      const { sentId } = sent as { sentId: string };
      server.say({ kind: 'ack', sentIds: [sentId], refused: false });
      server.say({ kind: 'send_status', sentId, status: 3, params: {} });
      await log('status=3 id=7 flags=0 from=bob to=alice');
      await gone();
      // What is in progress at a stop has its outcome, and the server hears why the connection ends.
      const stopping = program.do('stop', { name: 'run' });
      expect(await server.failure()).toMatchObject({ code: 'CORE_STOPPING' });
      await stopping;
      server.end();
    },
  );
});

describe('send --wait', () => {
  it.each([
    ['auto', MODULE],
    ['off', GATEWAY_OFF],
  ])('only watches: counters and statuses are the same as without it (gateway = %s)', async (gateway, config) => {
    const seen = async (watch: boolean) => {
      const file = program.write(config);
      const name = watch ? 'watched' : 'alone';
      await program.make(name, file);
      await program.do('start', { name });
      if (watch) {
        const run = await program
          .cli(name)
          .run('send', '--from', 'alice', '--to', 'bob', '--wait', '1000', '--json', '7');
        expect(run.stdout.trim().split('\n')).toHaveLength(2);
        expect(JSON.parse(run.stdout.trim().split('\n')[1] ?? '')).toMatchObject({
          sent: { message: 'sent', params: { id: '7' } },
        });
      } else await program.do('send', { name, text: '7' });
      if (gateway === 'off')
        await program.says('log', { core: name, text: 'status=128 id=7 flags=0 from=bob to=alice' });
      const { sends, messages } = await program.do<ModuleDescription>('describe', { name, module: 'statuses_table' });
      const core = (await program.do<CoreStatus>('status', { name })).sends;
      await program.do('stop', { name });
      const statuses = program.told.filter(({ core, text }) => core === name && text?.startsWith('status='));
      return { sends, messages, core, statuses: statuses.map(({ text }) => text) };
    };
    const alone = await seen(false);
    expect(await seen(true)).toEqual(alone);
    const kept = gateway === 'auto';
    expect(alone.sends).toMatchObject({ total: 1, undelivered: kept ? 0 : 1, refused: 0, waiting: kept ? 1 : 0 });
    expect(alone.statuses).toHaveLength(kept ? 0 : 1);
  });
});

describe('a server that acknowledges nothing', () => {
  const CONFIG = `send_queue = 2000\nchain_deadline = 120s
    module sends_many { path = ${fixture('sends-many')} ; deadline = 60s }`;

  it('does not keep the sends of modules from other servers, and its events go on when it acknowledges', async () => {
    await program.start(CONFIG);
    const [evil, good] = [await enter('evil'), await enter('good')];
    evil.say(...Array.from({ length: 300 }, (_, i) => messageOf(i, '20')));
    const told = 'too many messages of modules wait for the server evil, so its events wait and then get no verdict';
    await expect
      .poll(async () => (await status()).core.problems, { timeout: 20_000 })
      .toEqual([expect.stringContaining(told)]);
    await program.says('log', {
      text: `gateway: ${told}; see why it does not acknowledge, or raise send_queue and send_memory`,
    });
    good.say(...Array.from({ length: 20 }, (_, i) => messageOf(i, '5')));
    for (let got = 0, outcomes = 0; got < 100 || outcomes < 20; ) {
      const frame = await good.next();
      if (frame?.kind === 'outcome') outcomes += 1;
      if (frame?.kind !== 'send') continue;
      got += 1;
      good.say({ kind: 'ack', sentIds: [frame.sentId], refused: false });
    }
    const verdicts: (string | null)[] = [];
    for (let got = 0; got < 6000 || verdicts.length < 300; ) {
      const frame = await evil.next();
      if (frame?.kind === 'outcome') verdicts.push(frame.failure?.code ?? frame.verdict);
      if (frame?.kind !== 'send') continue;
      got += 1;
      evil.say({ kind: 'ack', sentIds: [frame.sentId], refused: false });
    }
    expect(new Set(verdicts)).toEqual(new Set(['pass']));
    await gone();
    expect((await status()).core.problems).toEqual([]);
    await program.do('stop', { name: 'run' });
  });

  it('gets a failure for its events after a while, and its acknowledgements are still read', async () => {
    await program.start(CONFIG.replace('120s', '1s'));
    const evil = await enter('evil');
    evil.say(...Array.from({ length: 600 }, (_, i) => messageOf(i, '20')));
    let [sends, outcomes] = [0, 0];
    const codes = new Set<string>();
    while (outcomes < 600) {
      const frame = await evil.next();
      if (frame?.kind === 'send') sends += 1;
      if (frame?.kind !== 'outcome') continue;
      outcomes += 1;
      if (frame.failure) codes.add(frame.failure.code);
    }
    expect(codes).toEqual(new Set(['SENDS_UNACKNOWLEDGED']));
    expect(sends).toBe(64);
    await program.do('stop', { name: 'run' });
  });
});
