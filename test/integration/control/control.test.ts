import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ControlClient, type SendEvent } from '../../../src/control/client/client.js';
import { waitForCoreToEnd } from '../../../src/control/core-lock.js';
import { encodeRequest } from '../../../src/control/frames.js';
import { ControlServer } from '../../../src/control/server.js';
import { MessageError, SupervisorError } from '../../../src/errors.js';
import { flockExclusive } from '../../../src/libc.js';
import type { MessageParamsInput } from '../../../src/supervisor/types.js';
import { pass, ScriptedCore, sent } from '../../helpers/scripted-core.js';
import { Stranger } from '../../helpers/stranger.js';

let runDir: string;
let strangers: Stranger[];
let core: ScriptedCore;
let server: ControlServer;
let clients: ControlClient[];
let warnings: string[];
let stops: number;
let lock: number;

beforeEach(async () => {
  runDir = mkdtempSync(join(tmpdir(), 'control-'));
  lock = holdLock(runDir, 4242);
  core = new ScriptedCore();
  clients = [];
  strangers = [];
  warnings = [];
  stops = 0;
  server = await ControlServer.open({
    runDir,
    core,
    maxMessageBytes: 1024 * 1024,
    requestStop: () => {
      stops += 1;
    },
    warn: (text) => warnings.push(text),
  });
});

afterEach(async () => {
  for (const client of clients) client.close();
  for (const stranger of strangers) stranger.socket.destroy();
  await server.close();
  closeSync(lock);
  rmSync(runDir, { recursive: true, force: true });
});

/** Holds a run directory as a core does. */
function holdLock(directory: string, pid: number, lines: string[] = []): number {
  writeFileSync(join(directory, 'lock'), [pid, ...lines, ''].join('\n'));
  const fd = openSync(join(directory, 'lock'), 'r');
  expect(flockExclusive(fd)).toBe(true);
  return fd;
}

function daemonOf(pid: number | null) {
  return { pid, kind: 'daemon', runId: null } as const;
}

async function connect(timeouts = {}): Promise<ControlClient> {
  const client = await ControlClient.connect(runDir, timeouts);
  clients.push(client);
  return client;
}

async function dial(): Promise<Stranger> {
  const stranger = await Stranger.dial(runDir);
  strangers.push(stranger);
  return stranger;
}

async function collect(events: AsyncIterable<SendEvent>): Promise<string[]> {
  const seen: string[] = [];
  for await (const event of events) {
    if (event.kind === 'outcome') seen.push(event.outcome.verdict);
    else seen.push(event.kind === 'sent' ? event.sent.payload.toString() : `${event.count} missed`);
  }
  return seen;
}

test('status arrives as the core gave it', async () => {
  const client = await connect();
  expect(await client.status()).toEqual(core.status());
});

test('stop is passed on and answered with the pid of the core', async () => {
  const client = await connect();
  expect(await client.stop()).toEqual({ pid: process.pid, goesOn: false });
  expect(stops).toBe(1);
});

test('a message keeps its 64-bit parameters and its bytes both ways', async () => {
  let received: MessageParamsInput = {};
  core.answer = async (params, payload) => {
    received = params;
    return pass(params, payload);
  };
  const client = await connect();
  const max = 0xffffffffffffffffn;
  const payload = Buffer.from([0, 255, 254, 10]);
  for await (const event of client.send({ params: { id: max, flags: max, to: '', from: 'x' }, payload, waitMs: 0 })) {
    if (event.kind !== 'outcome') throw new Error('nothing was sent');
    expect(event.outcome.params).toMatchObject({ id: max, flags: Number(max), to: '', from: 'x', expiry: 0 });
    expect(event.outcome.payload).toEqual(payload);
    expect(event.outcome.trace).toEqual([{ module: 'echo', verdict: 'pass', default: null, micros: 12 }]);
  }
  expect(received).toMatchObject({ id: max, flags: max });
});

test('messages that a module sends before or after its verdict follow the outcome', async () => {
  core.answer = async (params, payload) => {
    core.emit('sent', sent('before'));
    return pass(params, payload);
  };
  const client = await connect();
  const seen: string[] = [];
  for await (const event of client.send({ params: {}, payload: Buffer.alloc(0), waitMs: 300 })) {
    if (event.kind === 'outcome') seen.push(event.outcome.verdict);
    if (event.kind === 'sent') seen.push(`${event.sent.sentId}: ${event.sent.payload}`);
    if (seen.length === 2) core.emit('sent', sent('after'));
  }
  expect(seen).toEqual(['pass', 'id of before: before', 'id of after: after']);
  expect(core.listenerCount('sent')).toBe(0);
});

test('the client gets the reason when the core refuses a message', async () => {
  core.answer = async () => {
    throw new MessageError('MESSAGE_TOO_LARGE', 'the message has 9 bytes, 5 more than max_message');
  };
  const client = await connect();
  const sending = collect(client.send({ params: {}, payload: Buffer.alloc(9), waitMs: 0 }));
  await expect(sending).rejects.toMatchObject({ code: 'MESSAGE_TOO_LARGE', message: /5 more than max_message/ });
  expect(core.listenerCount('sent')).toBe(0);
});

test('several requests of one client do not mix', async () => {
  const client = await connect();
  const send = (text: string) =>
    collect(client.send({ params: {}, payload: Buffer.from(text), waitMs: 0 })).then((seen) => seen.length);
  expect(await Promise.all([send('a'), client.status().then(() => 1), send('b')])).toEqual([1, 1, 1]);
});

test('any number of requests may be made at once, large ones too', async () => {
  // However slow the machine is.
  const client = await connect({ answerMs: 60_000 });
  const texts = Array.from({ length: 5000 }, (_, i) => `${i} `.repeat(i % 500 === 0 ? 100_000 : 1));
  const outcomes = texts.map(async (text) => {
    for await (const event of client.send({ params: {}, payload: Buffer.from(text), waitMs: 0 })) {
      if (event.kind === 'outcome') return event.outcome.payload.toString();
    }
    return null;
  });
  expect(await Promise.all(outcomes)).toEqual(texts);
});

test('garbage is answered with a failure, and the core goes on', async () => {
  const stranger = await dial();
  stranger.ask(Buffer.from([0xff, 0xff, 0xff]));
  expect(await stranger.reply()).toMatchObject({ id: 0, failure: { code: 'INVALID_ARGUMENT' } });
  stranger.ask(Buffer.alloc(0));
  expect(await stranger.reply()).toMatchObject({ id: 0, failure: { message: /does not know this request/ } });
  stranger.ask(encodeRequest({ id: 5 }));
  expect(await stranger.reply()).toMatchObject({ id: 5, failure: { message: /does not know this request/ } });
  const client = await connect();
  expect((await client.status()).core.pid).toBe(7);
});

test('a client that vanishes before its outcome affects nobody else', async () => {
  let finish: () => void = () => undefined;
  let asked: () => void = () => undefined;
  const arrived = new Promise<void>((resolve) => {
    asked = resolve;
  });
  core.answer = (params, payload) =>
    new Promise((resolve) => {
      finish = () => resolve(pass(params, payload));
      asked();
    });
  const gone = await connect();
  const sending = gone.send({ params: {}, payload: Buffer.alloc(0), waitMs: 0 }).next();
  sending.catch(() => undefined);
  await arrived;
  gone.close();
  const client = await connect();
  await client.status();
  finish();
  expect((await client.status()).core.pid).toBe(7);
  expect(warnings).toEqual([]);
});

test('a message that gets no outcome fails in time, and says what the core waits for', async () => {
  core.answer = () => new Promise(() => undefined);
  const client = await connect({ answerMs: 50, orderMs: 200 });
  const sending = collect(client.send({ params: {}, payload: Buffer.alloc(0), waitMs: 0 }));
  await expect(sending).rejects.toMatchObject({
    code: 'CORE_SILENT',
    message: 'send was not carried out in time; the core waits for slow (starting); see: mesibo-modules logs',
  });
});

test('a core that ends before it answers fails the request at once', async () => {
  let asked: () => void = () => undefined;
  const arrived = new Promise<void>((resolve) => {
    asked = resolve;
  });
  core.answer = () => {
    asked();
    return new Promise(() => undefined);
  };
  const client = await connect();
  const sending = collect(client.send({ params: {}, payload: Buffer.alloc(0), waitMs: 0 }));
  sending.catch(() => undefined);
  await arrived;
  await server.close();
  await expect(sending).rejects.toMatchObject({ code: 'CORE_SILENT', message: /closed the connection/ });
});

test('a core that ends while a client waits for sent messages says that there are no more', async () => {
  const client = await connect();
  const events = client.send({ params: {}, payload: Buffer.alloc(0), waitMs: 50_000 });
  expect((await events.next()).done).toBe(false);
  const next = events.next();
  await server.close();
  expect((await next).done).toBe(true);
});

test('orders are carried out in the words of the client, and refused with the code and words of the core', async () => {
  const client = await connect();
  expect(await client.order('restart', 'filter')).toEqual({ warnings: [] });
  core.warnings = ['it cannot be written'];
  expect(await client.order('stop', 'filter')).toEqual({ warnings: ['it cannot be written'] });
  await client.order('start', 'filter');
  await client.order('reset', 'filter');
  expect(await client.reload(['a', 'b'])).toMatchObject({ replaced: ['a', 'b'], warnings: [] });
  expect(core.orders).toEqual(['restart filter', 'stop filter', 'start filter', 'reset filter', 'reload a,b']);
  expect(await client.describe('filter')).toEqual({ name: 'filter' });
  core.obey = async () => {
    throw new SupervisorError('MODULE_UNKNOWN', 'no module is named "x"');
  };
  const refused = { code: 'MODULE_UNKNOWN', message: 'no module is named "x"' };
  await expect(client.order('restart', 'x')).rejects.toMatchObject(refused);
  await expect(client.reload(['x'])).rejects.toMatchObject(refused);
});

test('an order may take longer than an answer, as long as the core answers at all', async () => {
  const timeouts = { answerMs: 50, orderMs: 400 };
  const client = await connect(timeouts);
  let finish: () => void = () => undefined;
  core.obey = () => new Promise((resolve) => (finish = resolve));
  const restart = client.order('restart', 'filter');
  await expect.poll(() => core.orders).toHaveLength(1);
  const asked = vi.spyOn(core, 'status');
  await expect.poll(() => asked.mock.calls.length).toBeGreaterThan(1);
  finish();
  await restart;
  await expect(client.order('stop', 'filter')).rejects.toMatchObject({
    code: 'CORE_SILENT',
    message: 'stop filter was not carried out in time; the core waits for slow (starting); see: mesibo-modules logs',
  });
});

test('an error names the file in the place of the socket, and the file stays', async () => {
  const other = join(runDir, 'other');
  mkdirSync(join(other, 'control.sock'), { recursive: true });
  const opened = ControlServer.open({ runDir: other, core, maxMessageBytes: 1, requestStop() {}, warn() {} });
  await expect(opened).rejects.toMatchObject({
    code: 'RUN_DIR_UNUSABLE',
    message: `the control socket ${other}/control.sock cannot be made (EISDIR); remove what is there, or give another --run-dir`,
  });
  expect(readdirSync(other)).toEqual(['control.sock']);
});

test('retiring refuses new clients, answers the old ones, and leaves no socket file behind', async () => {
  const old = await connect();
  await old.status();
  server.retire();
  expect(readdirSync(runDir)).toEqual(['lock']);
  await expect(connect()).rejects.toMatchObject({ code: 'CORE_SILENT', message: /starting or stopping/ });
  expect((await old.status()).core.pid).toBe(7);
});

test('without a core the client says how to start one', async () => {
  const empty = join(runDir, 'empty');
  mkdirSync(empty);
  const connecting = ControlClient.connect(empty);
  await expect(connecting).rejects.toMatchObject({ code: 'CORE_NOT_RUNNING', message: /mesibo-modules start/ });
});

test('a socket left by a killed core counts as no core', async () => {
  const left = join(runDir, 'left');
  mkdirSync(left);
  const listener = createServer().listen(join(left, 'other.sock'));
  await new Promise((resolve) => listener.once('listening', resolve));
  renameSync(join(left, 'other.sock'), join(left, 'control.sock'));
  await new Promise((resolve) => listener.close(resolve));
  await expect(ControlClient.connect(left)).rejects.toMatchObject({ code: 'CORE_NOT_RUNNING' });
});

test('a held lock without a socket is a core that starts or stops, and its end is noticed', async () => {
  const busy = join(runDir, 'busy');
  mkdirSync(busy);
  const fd = holdLock(busy, 99);
  await expect(ControlClient.connect(busy)).rejects.toMatchObject({ code: 'CORE_SILENT', message: /pid 99/ });
  for (const pid of [null, 99]) expect(await waitForCoreToEnd(busy, daemonOf(pid), 30)).toBe(false);
  // The directory is another core's already.
  expect(await waitForCoreToEnd(busy, daemonOf(2 ** 22 + 1), 30)).toBe(true);
  closeSync(fd);
  expect(await waitForCoreToEnd(busy, daemonOf(null), 30)).toBe(true);
});

test('a core has not ended while its process runs, although its directory is free', async () => {
  const none = join(runDir, 'none');
  expect(await waitForCoreToEnd(none, daemonOf(process.pid), 30)).toBe(false);
  const child = spawn('sleep', ['1000']);
  const waiting = waitForCoreToEnd(none, daemonOf(child.pid as number), 60_000);
  child.kill('SIGKILL');
  expect(await waiting).toBe(true);
});

test('a core of a program has ended when its directory is free or belongs to the next core, whatever its process does', async () => {
  const embedded = { pid: process.pid, kind: 'embedded', runId: '0123456789abcdef' } as const;
  expect(await waitForCoreToEnd(join(runDir, 'none'), embedded, 30)).toBe(true);
  const busy = join(runDir, 'embedded');
  mkdirSync(busy);
  const fd = holdLock(busy, process.pid, [embedded.runId, 'embedded']);
  expect(await waitForCoreToEnd(busy, embedded, 30)).toBe(false);
  expect(await waitForCoreToEnd(busy, { ...embedded, runId: 'fedcba9876543210' }, 30)).toBe(true);
  closeSync(fd);
  expect(await waitForCoreToEnd(busy, embedded, 30)).toBe(true);
});

test('an error says that a supervisor without a control socket holds the directory', async () => {
  const bare = join(runDir, 'bare');
  mkdirSync(bare);
  const fd = holdLock(bare, 99, ['0123456789abcdef', 'bare']);
  const says = /the core with pid 99 .* is a Supervisor in a program: .*; ask that program, or let it use Core/;
  await expect(ControlClient.connect(bare)).rejects.toMatchObject({ code: 'CORE_WITHOUT_CONTROL', message: says });
  closeSync(fd);
  await expect(ControlClient.connect(bare)).rejects.toMatchObject({ code: 'CORE_NOT_RUNNING' });
});

test('a socket path that is too long for the system is refused with its length', async () => {
  const long = join(runDir, 'x'.repeat(120));
  await expect(ControlClient.connect(long)).rejects.toMatchObject({
    code: 'SOCKET_PATH_TOO_LONG',
    message: /bytes and the system allows 107; choose a shorter run directory with --run-dir/,
  });
});
