/** The memory and work that one client costs a core are bounded, and end with the client. */

import { connect } from 'node:net';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Dealer } from 'zeromq';
import { ControlClient } from '../../../src/control/client/client.js';
import { encodeRequest, type Reply } from '../../../src/control/frames.js';
import type { ControlLimits } from '../../../src/control/limits.js';
import { ControlServer } from '../../../src/control/server.js';
import { pass, ScriptedCore, sent } from '../../helpers/scripted-core.js';
import { Stranger } from '../../helpers/stranger.js';
import { makeTempDir } from '../../helpers/temp-dir.js';

const MIB = 1024 * 1024;

let runDir: string;
let core: ScriptedCore;
let warnings: string[];
let ends: (() => Promise<void> | void)[];

beforeEach(() => {
  runDir = makeTempDir();
  core = new ScriptedCore();
  warnings = [];
  ends = [];
});
afterEach(async () => {
  for (const end of ends.reverse()) await end();
});

async function serve(limits: Partial<ControlLimits> = {}): Promise<void> {
  const warn = (text: string) => warnings.push(text);
  const server = await ControlServer.open({ runDir, core, maxMessageBytes: MIB, requestStop() {}, warn, limits });
  ends.push(() => server.close());
}

async function dial(): Promise<Stranger> {
  const stranger = await Stranger.dial(runDir);
  ends.push(() => void stranger.socket.destroy());
  return stranger;
}

/** How long the answer to another client took, who asks meanwhile. */
async function answerMs(): Promise<number> {
  const began = performance.now();
  const client = await ControlClient.connect(runDir);
  await client.status();
  client.close();
  return performance.now() - began;
}

function sendRequest(id: number, waitMs: number, payload = 'hello'): Uint8Array {
  return encodeRequest({ id, send: { params: {}, payload: Buffer.from(payload), waitMs } });
}

function kindsOf(replies: (Reply | null)[]): Record<string, number> {
  const count: Record<string, number> = {};
  for (const reply of replies) {
    const kind = Object.keys(reply ?? {}).find((key) => key !== 'id') ?? 'none';
    count[kind] = (count[kind] ?? 0) + 1;
  }
  return count;
}

it('a watch ends with its client', async () => {
  await serve();
  const stranger = await dial();
  stranger.ask(sendRequest(1, 2 ** 31));
  expect(await stranger.reply()).toMatchObject({ id: 1, outcome: {} });
  expect(core.listenerCount('sent')).toBe(1);
  stranger.socket.destroy();
  await expect.poll(() => core.listenerCount('sent')).toBe(0);
});

it('a client that goes before its outcome leaves no watch behind', async () => {
  await serve();
  let finish: () => void = () => undefined;
  core.answer = (params, payload) => new Promise((resolve) => (finish = () => resolve(pass(params, payload))));
  const stranger = await dial();
  stranger.ask(sendRequest(1, 60_000));
  await expect.poll(() => core.listenerCount('sent')).toBe(1);
  stranger.socket.destroy();
  await expect.poll(() => core.listenerCount('sent')).toBe(0);
  finish();
  await answerMs();
  expect(core.listenerCount('sent')).toBe(0);
});

it('each message of a module is sent once to each client, however many sends it has open', async () => {
  await serve();
  const sends = 400;
  core.answer = async (params, payload) => {
    core.emit('sent', sent(payload.toString()));
    return pass(params, payload);
  };
  const [stranger, other] = [await dial(), await dial()];
  other.ask(sendRequest(1, 60_000, 'theirs'));
  expect(kindsOf(await other.take(2))).toEqual({ sent: 1, outcome: 1 });
  const began = performance.now();
  for (let id = 1; id <= sends; id++) stranger.ask(sendRequest(id, 500, `${id}`));
  const [replies, waited] = await Promise.all([stranger.take(3 * sends), answerMs()]);
  expect(kindsOf(replies)).toEqual({ sent: sends, outcome: sends, done: sends });
  expect(replies.filter((reply) => reply?.sent).map((reply) => reply?.sent?.sentId)).toEqual(
    Array.from({ length: sends }, (_, i) => `id of ${i + 1}`),
  );
  expect(waited).toBeLessThan(performance.now() - began);
  expect(kindsOf(await other.take(sends))).toEqual({ sent: sends });
});

it('a client of ours hands each message of a module to all of its sends', async () => {
  await serve();
  core.answer = async (params, payload) => {
    core.emit('sent', sent(`for ${payload}`));
    return pass(params, payload);
  };
  const client = await ControlClient.connect(runDir);
  ends.push(() => client.close());
  const seen: string[][] = [];
  const watch = async (text: string) => {
    const own: string[] = [];
    seen.push(own);
    for await (const event of client.send({ params: {}, payload: Buffer.from(text), waitMs: 200 })) {
      own.push(event.kind === 'sent' ? `${event.sent.payload}` : event.kind);
    }
  };
  await Promise.all([watch('a'), watch('b')]);
  expect(seen).toEqual([
    ['outcome', 'for a', 'for b'],
    ['outcome', 'for a', 'for b'],
  ]);
});

it('requests beyond the limit in progress are not read, and are answered when there is room', async () => {
  await serve({ requests: 3 });
  const finish: (() => void)[] = [];
  core.answer = (params, payload) => new Promise((resolve) => finish.push(() => resolve(pass(params, payload))));
  const stranger = await dial();
  for (let id = 1; id <= 20; id++) stranger.ask(sendRequest(id, 0));
  await expect.poll(() => finish.length).toBe(3);
  await answerMs();
  expect(finish).toHaveLength(3);
  for (let id = 1; id <= 20; id++) {
    await expect.poll(() => finish.length).toBeGreaterThanOrEqual(id);
    expect(finish.length).toBeLessThanOrEqual(id + 2);
    finish[id - 1]?.();
    expect(await stranger.reply()).toMatchObject({ id, outcome: {} });
    expect(await stranger.reply()).toMatchObject({ id, done: {} });
  }
});

it('large requests count by their size, and one is taken whatever its size', async () => {
  await serve({ progressBytes: 1000 });
  const finish: (() => void)[] = [];
  core.answer = (params, payload) => new Promise((resolve) => finish.push(() => resolve(pass(params, payload))));
  const stranger = await dial();
  for (let id = 1; id <= 3; id++) stranger.ask(sendRequest(id, 0, 'x'.repeat(5000)));
  await expect.poll(() => finish.length).toBe(1);
  await answerMs();
  expect(finish).toHaveLength(1);
  finish[0]?.();
  await expect.poll(() => finish.length).toBe(2);
  finish[1]?.();
  await expect.poll(() => finish.length).toBe(3);
});

it('a client that does not read its replies is not read either', async () => {
  await serve();
  const asked = vi.spyOn(core, 'describe').mockImplementation((name) => ({ name: name.padEnd(10_000) }) as never);
  const stranger = await dial();
  const request = encodeRequest({ id: 1, describe: { module: 'x' } });
  for (let i = 0; i < 2000; i++) stranger.ask(request);
  await expect.poll(() => asked.mock.calls.length).toBeGreaterThan(50);
  let calls = -1;
  await vi.waitUntil(
    () => {
      const rests = asked.mock.calls.length === calls;
      calls = asked.mock.calls.length;
      return rests;
    },
    { interval: 200, timeout: 10_000 },
  );
  // Those that it may have waiting, and those that the system holds.
  expect(calls * 10_000).toBeLessThan(3 * MIB);
  expect(kindsOf(await stranger.take(2000))).toEqual({ description: 2000 });
});

it('messages of modules are dropped for a client that does not read them, and it gets their number', async () => {
  await serve({ sentBytes: MIB });
  const stranger = await dial();
  stranger.ask(sendRequest(1, 3_000));
  expect(await stranger.reply()).toMatchObject({ outcome: {} });
  const message = sent('x'.repeat(10_000));
  for (let i = 0; i < 6000; i++) core.emit('sent', message);
  const replies: (Reply | null)[] = [];
  while (!replies.at(-1)?.done) replies.push(await stranger.reply());
  const told = kindsOf(replies).sent ?? 0;
  expect(told).toBeGreaterThan(50);
  // What it may have waiting, and what the system holds.
  expect(told).toBeLessThan(200);
  expect(replies.at(-1)).toMatchObject({ id: 1, done: { missed: 6000 - told } });
});

it('the client that makes the core hold most is cut off when all hold too much', async () => {
  await serve({ totalBytes: 4 * MIB, requests: 1000 });
  const payload = Buffer.alloc(MIB);
  const finish: (() => void)[] = [];
  core.answer = (params) => new Promise((resolve) => finish.push(() => resolve(pass(params, payload))));
  const [reader, hoarder] = [await dial(), await dial()];
  for (let id = 1; id <= 20; id++) hoarder.ask(sendRequest(id, 0));
  await expect.poll(() => finish.length).toBe(20);
  for (const done of finish) done();
  await expect
    .poll(() => warnings)
    .toEqual([expect.stringMatching(/was cut off, because it has left \d+ bytes unread$/)]);
  expect((await hoarder.replies()).length).toBeLessThan(20);
  reader.ask(sendRequest(1, 0));
  await expect.poll(() => finish.length).toBe(21);
  finish[20]?.();
  expect(await reader.reply()).toMatchObject({ outcome: {} });
});

it('of many clients the one that was idle for longest is cut off, and every request is answered', async () => {
  await serve({ connections: 8 });
  const busy = await dial();
  busy.ask(sendRequest(1, 100_000));
  expect(await busy.reply()).toMatchObject({ outcome: {} });
  for (let i = 0; i < 100; i++) await dial();
  expect(await answerMs()).toBeLessThan(5000);
  core.emit('sent', sent('still here'));
  expect(await busy.reply()).toMatchObject({ sent: { sentId: 'id of still here' } });
});

it('a client without room gets an error', async () => {
  await serve({ connections: 2 });
  for (let i = 0; i < 2; i++) {
    const busy = await dial();
    busy.ask(sendRequest(1, 100_000));
    expect(await busy.reply()).toMatchObject({ outcome: {} });
  }
  const client = await ControlClient.connect(runDir);
  await expect(client.status()).rejects.toMatchObject({
    code: 'CORE_SILENT',
    message: '2 clients are served at a time, and all of them wait for something; try again',
  });
});

it('a client may have only so many sends open', async () => {
  await serve({ watches: 2 });
  const stranger = await dial();
  for (let id = 1; id <= 2; id++) {
    stranger.ask(sendRequest(id, 100_000));
    expect(await stranger.reply()).toMatchObject({ id, outcome: {} });
  }
  stranger.ask(sendRequest(3, 100_000));
  expect(await stranger.reply()).toMatchObject({
    id: 3,
    failure: { code: 'INVALID_ARGUMENT', message: /too many sends/ },
  });
  expect(core.listenerCount('sent')).toBe(1);
});

it.each([
  [
    'a length beyond all bounds',
    Buffer.from([0x7f, 0xff, 0xff, 0xff]),
    /^something that is not a client of this version/,
  ],
  ['text', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'), /^something that is not a client of this version/],
])('a client that begins with %s hears why it is cut off', async (_, bytes, warning) => {
  await serve();
  const stranger = await dial();
  stranger.socket.write(bytes);
  const replies = await stranger.replies();
  expect(replies).toMatchObject([
    { id: 0, failure: { code: 'MESSAGE_TOO_LARGE', message: /was announced, and 67108864/ } },
  ]);
  expect(warnings).toEqual([expect.stringMatching(warning)]);
});

it('a client of an older version is turned away, and the log names that version', async () => {
  await serve();
  const dealer = new Dealer({ linger: 0, reconnectInterval: 60_000 });
  ends.push(() => dealer.close());
  const gone = new Promise((resolve) => dealer.events.on('disconnect', resolve));
  dealer.connect(`ipc://${join(runDir, 'control.sock')}`);
  await gone;
  expect(warnings).toEqual([
    expect.stringMatching(/^a client of an older version was turned away .*; use the commands of the same version$/),
  ]);
  expect(await answerMs()).toBeLessThan(5000);
});

it('a client that writes a request byte by byte, and one that never ends one, keep nobody waiting', async () => {
  await serve();
  const [slow, stuck] = [await dial(), await dial()];
  stuck.socket.write(Buffer.from([0, 0xff, 0xff, 0xff, 1, 2, 3]));
  const request = Buffer.concat([Buffer.from([0, 0, 0, 4]), encodeRequest({ id: 7, status: {} })]);
  for (const byte of request) {
    slow.socket.write(Buffer.from([byte]));
    await answerMs();
  }
  expect(await slow.reply()).toMatchObject({ id: 7, status: expect.any(String) });
});

it('connections that come and go at once leave nothing behind', async () => {
  await serve();
  for (let i = 0; i < 300; i++) {
    const socket = connect(join(runDir, 'control.sock'));
    socket.on('error', () => undefined);
    if (i % 3 === 0) socket.destroy();
    else socket.once('connect', () => socket.destroy());
  }
  expect(await answerMs()).toBeLessThan(5000);
});
