/** What a server says and which answers it gets, with real modules. */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { CallEvent } from '../../../src/wire/call-event.js';
import type { CoreFrame } from '../../../src/wire/gateway/frames.js';
import { toWireParams } from '../../../src/wire/params.js';
import { fixture, fixtureModule, sample } from '../../e2e/core.js';
import { GatewayRig } from '../../helpers/gateway-rig.js';
import { patientConfig } from '../../helpers/patient-config.js';
import { helloOf, messageOf, RawServer } from '../../helpers/raw-server.js';

const FILTER = { name: 'filter', path: sample('filter'), config: { blocked_words: 'badword' } };
const CHANGE = fixtureModule('change-table', { abi: 'table' });

it.each(['protobuf', 'json'] as const)(
  '%s: a server is welcome, and gets a verdict for each message',
  async (encoding) => {
    const rig = await GatewayRig.start({ modules: [FILTER] });
    const server = await rig.dial(encoding);
    server.say(helloOf());
    expect(await server.welcome()).toMatchObject({
      version: 1,
      maxMessage: 1024 * 1024,
      window: 512,
      callbacks: ['on_message'],
      chainDeadlineMs: 60_000,
    });
    server.say(messageOf(1, 'hello'), messageOf(2, 'a badword here', undefined, true));
    expect(await server.outcome()).toMatchObject({
      id: 1n,
      verdict: 'pass',
      by: null,
      params: null,
      payload: null,
      trace: [],
    });
    expect(await server.outcome()).toMatchObject({
      id: 2n,
      verdict: 'consumed',
      by: 'filter',
      defaultReason: null,
      trace: [{ module: 'filter', verdict: 'consumed', defaultReason: null }],
    });
  },
);

it('the outcome has the fields that modules changed, and no others', async () => {
  const rig = await GatewayRig.start({ modules: [CHANGE] });
  const server = await rig.join();
  server.say(messageOf(2n ** 64n - 1n, 'abc'));
  const outcome = await server.outcome();
  const direct = await rig.supervisor.onMessage({ from: 'alice', to: 'bob' }, Buffer.from('abc'));
  expect(outcome.id).toBe(2n ** 64n - 1n);
  expect(`${outcome.payload}`).toBe(`${direct.payload}`);
  expect(`${outcome.payload}`).not.toBe('abc');
  expect(String(outcome.params?.refid ?? 0)).toBe(String(direct.params.refid));
});

it('all kinds of events reach the modules', async () => {
  const rig = await GatewayRig.start({ modules: [fixtureModule('all-callbacks-table', { abi: 'table' })] });
  const lines: string[] = [];
  rig.supervisor.on('log', ({ source, text }) => source === 'module' && lines.push(text));
  const server = await rig.join();
  const login = CallEvent.login({
    address: Buffer.from('alice'),
    online: toWireParams({ id: 1 }).id as never,
    flags: toWireParams({ id: 7 }).id as never,
  });
  const events = [
    CallEvent.message({ from: 'alice', to: 'bob' }, Buffer.from('hi')),
    CallEvent.status(toWireParams({ from: 'alice', to: 'bob', id: 5, status: 3 })),
    login,
    CallEvent.empty('call'),
    CallEvent.empty('callStatus'),
  ];
  server.say(...events.map((event, i) => ({ kind: 'event' as const, id: BigInt(i), trace: true, event })));
  const outcomes = await server.outcomes(5);
  expect(outcomes.map(({ trace }) => trace.length)).toEqual([0, 1, 1, 1, 1]);
  expect(outcomes.map(({ id }) => id).sort()).toEqual([0n, 1n, 2n, 3n, 4n]);
  expect(lines).toHaveLength(4);
});

it('outcomes of a conversation leave in the order of its events, and other conversations do not wait', async () => {
  const rig = await GatewayRig.start({ modules: [{ ...fixtureModule('slow'), deadlineMs: 300 }, FILTER] });
  const server = await rig.join();
  server.say(
    messageOf(1, '5000', { from: 'alice', to: 'bob' }),
    messageOf(2, '0', { from: 'bob', to: 'alice' }),
    messageOf(3, '0', { groupid: 7 }),
    messageOf(4, '0', { from: 'alice', to: 'bob' }),
  );
  const outcomes = await server.outcomes(4);
  const ofPair = outcomes.map(({ id }) => Number(id)).filter((id) => id !== 3);
  expect(ofPair).toEqual([1, 2, 4]);
  expect(outcomes.find(({ id }) => id === 1n)).toMatchObject({ defaultReason: 'deadline', defaultBy: 'slow' });
});

it('two servers at once get their own outcomes, though their ids are the same', async () => {
  const rig = await GatewayRig.start({ modules: [FILTER] });
  const [one, other] = [await rig.join({ server: 'one' }), await rig.join({ server: 'other' }, 'json')];
  for (let id = 0; id < 200; id++) {
    one.say(messageOf(id, 'fine'));
    other.say(messageOf(id, 'badword'));
  }
  const [passed, consumed] = await Promise.all([one.outcomes(200), other.outcomes(200)]);
  expect(passed.map(({ id, verdict }) => [Number(id), verdict])).toEqual(
    Array.from({ length: 200 }, (_, i) => [i, 'pass']),
  );
  expect(consumed.every(({ verdict }) => verdict === 'consumed')).toBe(true);
  expect(rig.gateway.clients()).toMatchObject([
    { server: 'one', encoding: 'protobuf', takesSends: false, inProgress: 0 },
    { server: 'other', encoding: 'json', takesSends: false, inProgress: 0 },
  ]);
});

it('a server that has closed its direction still gets its outcomes, and then the connection ends', async () => {
  const rig = await GatewayRig.start({ modules: [fixtureModule('slow')] });
  const server = await rig.dial('json');
  server.socket.end(server.bytesOf([helloOf(), messageOf(1, '50'), messageOf(2, '50')]));
  await server.welcome();
  expect((await server.outcomes(2)).map(({ id }) => id)).toEqual([1n, 2n]);
  expect(await server.next()).toBeNull();
});

it('a server that has gone leaves nothing behind', async () => {
  const rig = await GatewayRig.start({ modules: [fixtureModule('slow')] });
  const server = await rig.join({ takesSends: true });
  server.say(messageOf(1, '200'));
  await expect.poll(() => rig.gateway.clients()[0]?.inProgress).toBe(1);
  server.socket.destroy();
  await expect.poll(() => rig.gateway.clients()).toEqual([]);
  expect(rig.sends.takers).toEqual([]);
});

it('a change of the callbacks is announced once, and nothing is when they stay the same', async () => {
  const rig = await GatewayRig.start({ modules: [FILTER, fixtureModule('slow')] });
  const { server, welcome } = await RawServer.join(rig.path);
  expect(welcome.callbacks.sort()).toEqual(['on_message', 'on_message_status']);
  const { supervisor } = rig;
  await supervisor.reload(patientConfig({ modules: [FILTER] }));
  expect(await server.welcome()).toMatchObject({ callbacks: ['on_message'] });
  await supervisor.restartModule('filter');
  server.say(messageOf(1, 'hello'));
  expect(await server.outcome()).toMatchObject({ id: 1n });
  server.end();
});

it('a stop is announced, later events are refused, and those in progress get their outcomes before the end', async () => {
  const rig = await GatewayRig.start({ modules: [fixtureModule('slow')] });
  const server = await rig.join();
  server.say(messageOf(1, '300'));
  await expect.poll(() => rig.gateway.clients()[0]?.inProgress).toBe(1);
  rig.gateway.retire();
  const stopped = rig.supervisor.stop();
  expect(await server.failure()).toMatchObject({ code: 'CORE_STOPPING', fatal: false, eventId: null });
  server.say(messageOf(2, '0'));
  expect(await server.outcome()).toMatchObject({ id: 2n, failure: { code: 'CORE_STOPPING' } });
  expect(await server.outcome()).toMatchObject({ id: 1n, verdict: 'pass', failure: null });
  await stopped;
  await rig.gateway.close();
  expect(await server.lastWords()).toMatchObject({ code: 'CORE_STOPPING' });
});

it('sends go to a server that takes them, with their cause if that was an event of this server', async () => {
  const rig = await GatewayRig.start();
  const server = await rig.join({ takesSends: true, window: 2 }, 'json');
  rig.sends.send({
    sentId: 'a',
    cause: { server: 'chat', eventId: 2n ** 63n, hops: 0 },
    params: toWireParams({ to: 'bob', id: 9 }),
  });
  rig.sends.send({ sentId: 'b', cause: { server: 'other', eventId: 5n, hops: 0 }, payload: Buffer.from([0xff, 0]) });
  rig.sends.send({ sentId: 'c' });
  expect(await server.sent()).toMatchObject({
    sentId: 'a',
    module: 'm',
    cause: 2n ** 63n,
    payload: Buffer.from('hello'),
  });
  expect(await server.sent()).toMatchObject({ sentId: 'b', cause: null, payload: Buffer.from([0xff, 0]) });
  server.say({ kind: 'ack', sentIds: ['a'], refused: false });
  expect(await server.sent()).toMatchObject({ sentId: 'c' });
  server.say({ kind: 'ack', sentIds: ['b', 'c'], refused: true });
  await expect.poll(() => rig.sends.refused).toEqual(['b', 'c']);
  expect(rig.sends.acknowledged).toEqual(['a']);
});

it('an unacknowledged send comes again at the next connection', async () => {
  const rig = await GatewayRig.start();
  const server = await rig.join({ takesSends: true });
  for (const sentId of ['a', 'b', 'c']) rig.sends.send({ sentId });
  for (const sentId of ['a', 'b', 'c']) expect(await server.sent()).toMatchObject({ sentId });
  server.say({ kind: 'ack', sentIds: ['a'], refused: false });
  await expect.poll(() => rig.sends.acknowledged).toEqual(['a']);
  server.socket.destroy();
  await expect.poll(() => rig.gateway.clients()).toEqual([]);
  const again = await rig.join({ takesSends: true });
  for (const sentId of ['b', 'c']) expect(await again.sent()).toMatchObject({ sentId });
});

it('the status of a send reaches the module that sent it', async () => {
  const rig = await GatewayRig.start({ modules: [fixtureModule('statuses-table', { abi: 'table' })] });
  const lines: string[] = [];
  rig.supervisor.on('log', ({ source, text }) => source === 'module' && lines.push(text));
  const sent = once(rig.supervisor, 'message');
  const server = await rig.join();
  server.say(messageOf(1, '7'));
  await server.outcome();
  const [{ sentId }] = (await sent) as [{ sentId: string }];
  server.say({ kind: 'send_status', sentId, status: 3, params: toWireParams({ to: 'alice' }) });
  await expect.poll(() => lines).toEqual(['status=3 id=7 flags=0 from=bob to=alice']);
  // A status that a server gives as an event is for the module alone, too.
  const status = CallEvent.status(toWireParams({ id: 7, from: 'bob', to: 'alice', status: 2 }));
  server.say({ kind: 'event', id: 2n, trace: true, event: status });
  expect(await server.outcome()).toMatchObject({ id: 2n, trace: [{ module: 'statuses_table' }] });
  for (const wrong of ['', 'nonsense', sentId.replace('statuses_table', 'other')]) {
    server.say({ kind: 'send_status', sentId: wrong, status: 3, params: {} });
    expect(await server.failure()).toMatchObject({
      code: 'SEND_UNKNOWN',
      message: `the sent_id "${wrong}" belongs to no module of this core; give the one that came with the send`,
      fatal: false,
      sentIds: [wrong],
    });
  }
});

it('outcomes of statuses of one conversation leave in order, even when one is for the message of a module', async () => {
  const rig = await GatewayRig.start({
    modules: [fixtureModule('slow'), fixtureModule('statuses-table', { abi: 'table' })],
  });
  const lines: string[] = [];
  rig.supervisor.on('log', ({ source, text }) => source === 'module' && lines.push(text.trim()));
  const server = await rig.join();
  server.say(messageOf(1, '7'));
  await server.outcome();
  // The first one keeps the slow module for so many milliseconds; the second one is for the other module alone.
  const params = { id: 99, from: 'bob', to: 'alice' };
  const first = CallEvent.status(toWireParams({ ...params, status: 400 }));
  const own = CallEvent.status(toWireParams({ ...params, id: 7, status: 2 }));
  const last = CallEvent.status(toWireParams({ ...params, status: 1 }));
  server.say(
    ...[first, own, last].map((event, i) => ({ kind: 'event' as const, id: BigInt(i + 10), trace: true, event })),
  );
  const outcomes = await server.outcomes(3);
  expect(outcomes.map(({ id }) => id)).toEqual([10n, 11n, 12n]);
  expect(outcomes.map(({ trace }) => trace.length)).toEqual([2, 1, 2]);
  // The module also gets the status 0x80 for its own message, as nobody keeps that here.
  const heard = lines.map((line) => line.replace(/ flags.*/, '')).filter((line) => line !== 'status=128 id=7');
  expect(heard).toEqual(['status=400 id=99', 'status=2 id=7', 'status=1 id=99']);
});

it('a newer connection of the same process takes over the sends, and one of another process is refused', async () => {
  const rig = await GatewayRig.start();
  await rig.join({ takesSends: true, instance: 'p1' });
  const stranger = await rig.dial();
  stranger.say(helloOf({ takesSends: true, instance: 'p2' }));
  expect(await stranger.lastWords()).toMatchObject({ code: 'SERVER_NAME_TAKEN' });
  const nameless = await rig.dial();
  nameless.say(helloOf({ takesSends: true }));
  expect(await nameless.lastWords()).toMatchObject({ code: 'SERVER_NAME_TAKEN' });
  // Without sends the name is free for all.
  await rig.join({ instance: 'p2' });
  const newer = await rig.join({ takesSends: true, instance: 'p1' });
  rig.sends.send({ sentId: 'a' });
  expect(await newer.sent()).toMatchObject({ sentId: 'a' } satisfies Partial<CoreFrame>);
  expect(rig.sends.takers).toHaveLength(1);
});

it.skipIf(spawnSync('python3', ['--version']).status !== 0)(
  'a name is free when its process was killed, although a forked child still has the connection',
  async () => {
    const rig = await GatewayRig.start();
    const script = fileURLToPath(new URL('../../helpers/forking-server.py', import.meta.url));
    const killed = spawn('python3', [script, rig.path, 'chat'], { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => void killed.kill('SIGKILL'));
    const lines = createInterface(killed.stdout)[Symbol.asyncIterator]();
    expect((await lines.next()).value).toBe('forked');
    rig.sends.send({ sentId: 'a' });
    const early = await rig.dial();
    early.say(helloOf({ takesSends: true }));
    expect(await early.lastWords()).toMatchObject({ code: 'SERVER_NAME_TAKEN' });
    killed.kill('SIGKILL');
    await once(killed, 'exit');
    expect(rig.sends.takers).toHaveLength(1);
    const next = await rig.join({ takesSends: true });
    expect(await next.sent()).toMatchObject({ sentId: 'a' });
    expect((await lines.next()).value).toBe('ended SERVER_NAME_TAKEN');
  },
);

it('the socket is nobody else’s, and goes with the gateway', async () => {
  const rig = await GatewayRig.start({ modules: [{ name: 'c', path: fixture('change-table'), abi: 'table' }] });
  const { statSync, existsSync } = await import('node:fs');
  expect(statSync(rig.path).mode & 0o777).toBe(0o600);
  expect(rig.gateway.isThere()).toBe(true);
  await rig.gateway.close();
  expect(existsSync(rig.path)).toBe(false);
});

it.each([
  ['as many events as it may have in progress', 512, 10, 0],
  ['events with as many bytes as it may have in progress', 300, 30_000, 22],
])('an acknowledgement behind %s is read while these wait for it', async (_, count, bytes, over) => {
  const rig = await GatewayRig.start({ modules: [FILTER] });
  rig.sends.allowance = 0;
  const server = await rig.join({ takesSends: true });
  rig.sends.send({ sentId: 'one' });
  expect(await server.next()).toMatchObject({ kind: 'send', sentId: 'one' });
  server.say(...Array.from({ length: count }, (_, i) => messageOf(i, 'x'.repeat(bytes))));
  server.say({ kind: 'ack', sentIds: ['one'], refused: false });
  await expect.poll(() => rig.sends.acknowledged, { timeout: 20_000 }).toEqual(['one']);
  rig.sends.hasRoom();
  const outcomes = await server.outcomes(count);
  const codes = outcomes.map(({ failure }) => failure?.code).filter((code) => code !== undefined);
  expect(codes).toEqual(Array.from({ length: over }, () => 'SENDS_UNACKNOWLEDGED'));
});
