/** Servers that misbehave: each gets a clear answer, and another server, which is there meanwhile, notices nothing. */

import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { CallEvent } from '../../../src/wire/call-event.js';
import { mesibo } from '../../../src/wire/generated/gateway.js';
import { fixtureModule } from '../../e2e/core.js';
import { GatewayRig } from '../../helpers/gateway-rig.js';
import { helloOf, messageOf, type RawServer } from '../../helpers/raw-server.js';

const MIB = 1024 * 1024;
const wire = mesibo.gateway.v1;

/** Whether a server that does nothing wrong is served. */
async function expectServed(server: RawServer, id = 1): Promise<void> {
  server.say(messageOf(id, 'still there?'));
  expect(await server.outcome()).toMatchObject({ id: BigInt(id), verdict: 'pass', failure: null });
}

function framed(length: number, bytes = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(4);
  header.writeUInt32BE(length);
  return Buffer.concat([header, bytes]);
}

/** As a client of another make may encode it. */
function encoded(frame: mesibo.gateway.v1.ServerFrame.$Properties): Buffer {
  const bytes = Buffer.from(wire.ServerFrame.encode(frame).finish());
  return framed(bytes.length, bytes);
}

const GARBAGE: [string, Buffer, RegExp][] = [
  ['a frame of 4 GiB by its length', framed(0xffffffff), /4294967295 bytes was announced; the limit is 2097152/],
  ['a frame of one byte too many', framed(2 * MIB + 1), /2097153 bytes was announced/],
  ['a frame that is no protobuf', framed(3, Buffer.from([0xff, 0xff, 0xff])), /the frame is not a protobuf/],
  ['an empty frame', framed(0), /of no kind that this core knows/],
  ['a frame of a kind to come', framed(2, Buffer.from([0x7a, 0])), /of no kind that this core knows/],
  ['two kinds in one frame', framed(4, Buffer.from([0x0a, 0, 0x1a, 0])), /of two kinds/],
  ['an http request', Buffer.from('GET / HTTP/1.1\r\n\r\n'), /the line "GET \/ HTTP\/1.1" is not JSON/],
  ['a line that is no JSON', Buffer.from('{"hello"\n'), /is not JSON/],
  ['a line that is no UTF-8', Buffer.from([0x7b, 0xff, 0x7d, 0x0a]), /the line is not UTF-8/],
  ['a list', Buffer.from(' [1]\n'), /the line is a list; it must be an object/],
  ['a line of a kind to come', Buffer.from('{"goodbye":{}}\n'), /of no kind that this core knows/],
  ['two kinds in one line', Buffer.from('{"hello":{},"ack":{}}\n'), /hello and ack, and must be of one kind/],
  ['an event before the hello', Buffer.from('{"event":{"id":1,"call":{}}}\n'), /kind event; it must be a hello/],
  ['a hello without a name', Buffer.from('{"hello":{"version_max":1}}\n'), /hello.server is ""/],
  [
    'a hello with an instance too long',
    Buffer.from(`{"hello":{"version_max":1,"server":"a","instance":"${'x'.repeat(65)}"}}\n`),
    /instance/,
  ],
];

it.each(GARBAGE)('%s is refused in words, and the connection ends', async (_, bytes, words) => {
  const rig = await GatewayRig.start();
  const other = await rig.join({ server: 'other' });
  const isText = bytes[0] !== undefined && bytes[0] >= 0x09 && bytes[0] < 0x7f;
  const server = await rig.dial(isText ? 'json' : 'protobuf');
  server.write(bytes);
  const failure = await server.lastWords();
  expect(failure.code).toBe('FRAME_INVALID');
  expect(failure.message).toMatch(words);
  await expectServed(other);
});

it('a server of version 99 hears which versions this core speaks', async () => {
  const rig = await GatewayRig.start();
  const server = await rig.dial();
  server.say(helloOf({ versionMin: 99, versionMax: 99 }));
  expect(await server.lastWords()).toMatchObject({
    code: 'VERSION_UNKNOWN',
    message:
      'the server speaks versions 99 to 99 of the protocol, and this core 1; install a core and a bridge of the same version',
  });
  // One that speaks this one too is welcome.
  const newer = await rig.dial();
  newer.say(helloOf({ versionMin: 1, versionMax: 99 }));
  expect(await newer.welcome()).toMatchObject({ version: 1 });
});

it('a connection that says nothing is closed', async () => {
  const rig = await GatewayRig.start({}, { helloMs: 100 });
  // Nobody knows in which encoding it would be told why.
  expect(await (await rig.dial()).next()).toBeNull();
});

it.each(['json', 'protobuf'] as const)(
  '%s: a connection that never ends its first frame gets the reason why it is closed',
  async (encoding) => {
    const rig = await GatewayRig.start({}, { helloMs: 100 });
    const server = await rig.dial(encoding);
    server.write(server.bytesOf([helloOf()]).subarray(0, 1));
    expect(await server.lastWords()).toMatchObject({
      code: 'FRAME_INVALID',
      message: 'no hello came within 0.1 seconds',
    });
  },
);

const EVENTS: [string, string, string, RegExp][] = [
  [
    'half of a surrogate pair',
    '"id":7,"message":{"text":"a\\ud800b"}',
    'FRAME_INVALID',
    /event.message.text has half of a surrogate pair/,
  ],
  [
    'half of a pair in an address',
    '"id":7,"message":{"params":{"to":"\\udc00"}}',
    'FRAME_INVALID',
    /event.message.params.to has half/,
  ],
  [
    'a number of 2^64',
    '"id":7,"message":{"params":{"aid":"18446744073709551616"}}',
    'FRAME_INVALID',
    /params.aid is "18446744073709551616"/,
  ],
  [
    'a number that JSON cannot hold',
    '"id":7,"message":{"params":{"aid":9007199254740993}}',
    'FRAME_INVALID',
    /from 2\^53 on a string of digits/,
  ],
  [
    'a fraction',
    '"id":7,"status":{"status":1.5}',
    'FRAME_INVALID',
    /event.status.status is 1.5; it must be a whole number/,
  ],
  ['a negative number', '"id":7,"status":{"status":-1}', 'FRAME_INVALID', /is -1; it must be a whole number/],
  ['1e400', '"id":7,"status":{"status":1e400}', 'FRAME_INVALID', /is Infinity; it must be a whole number/],
  ['text that is no base64', '"id":7,"message":{"payload":"äöü"}', 'FRAME_INVALID', /it must be base64/],
  [
    'text and payload',
    '"id":7,"message":{"payload":"aGk=","text":"hi"}',
    'FRAME_INVALID',
    /text or payload, and not both/,
  ],
  ['a list for an address', '"id":7,"login":{"address":["a"]}', 'FRAME_INVALID', /event.login.address is a list/],
  ['an address with a NUL', '"id":7,"login":{"address":"a\\u0000b"}', 'INVALID_ARGUMENT', /has a NUL inside/],
  [
    'an address with half a character',
    '"id":7,"login":{"address":"a\\ud800b"}',
    'FRAME_INVALID',
    /event.login.address has half of a surrogate pair/,
  ],
  [
    'an address of 65 KiB',
    `"id":7,"message":{"params":{"to":"${'x'.repeat(65 * 1024)}"}}`,
    'MESSAGE_TOO_LARGE',
    /event.message.params.to has 66560 bytes/,
  ],
  [
    'an event of two kinds',
    '"id":7,"call":{},"login":{}',
    'FRAME_INVALID',
    /is event.call and event.login, and must be of one kind/,
  ],
  ['an event of no kind', '"id":7', 'FRAME_INVALID', /of no kind that this core knows/],
  [
    'a message that is too large',
    `"id":7,"message":{"text":"${'x'.repeat(MIB + 1)}"}`,
    'MESSAGE_TOO_LARGE',
    /1048577 bytes, more than max_message/,
  ],
];

it.each(EVENTS)('JSON: an event with %s gets an outcome that says so', async (_, fields, code, words) => {
  const rig = await GatewayRig.start();
  const server = await rig.join({}, 'json');
  server.write(`{"event":{${fields}}}\n`);
  const { id, failure } = await server.outcome();
  expect(id).toBe(7n);
  expect(failure?.code).toBe(code);
  expect(failure?.message).toMatch(words);
  await expectServed(server);
});

const LINES: [string, string, RegExp][] = [
  ['an id of 2^64', '{"event":{"id":"18446744073709551616","call":{}}}', /event.id is "18446744073709551616"/],
  ['10,000 levels', `{"event":{"id":7,"extra":${'['.repeat(10_000)}${']'.repeat(10_000)}}}`, /more than 100 levels/],
  ['levels that never end', `{"a":${'{"a":'.repeat(100_000)}`, /more than 100 levels/],
  ['a million entries', `{"a":[${'0,'.repeat(900_000)}0]}`, /more than 100000 lists, objects and entries/],
  ['what is no JSON', 'hello?', /the line "hello\?" is not JSON/],
  ['a second hello', '{"hello":{"version_max":1,"server":"chat"}}', /a second hello/],
  ['an ack of what is no list', '{"ack":{"sent_ids":"a"}}', /ack.sent_ids is "a"; it must be a list/],
];

it.each(LINES)('JSON: a line with %s gets a failure, and the connection goes on', async (_, line, words) => {
  const rig = await GatewayRig.start();
  const server = await rig.join({}, 'json');
  server.write(`${line}\n`);
  const failure = await server.failure();
  expect(failure).toMatchObject({ code: 'FRAME_INVALID', fatal: false });
  expect(failure.message).toMatch(words);
  expect(failure.message.length).toBeLessThan(400);
  await expectServed(server);
});

it('protobuf: an event that cannot be taken gets an outcome, and an unreadable frame gets a failure', async () => {
  const rig = await GatewayRig.start();
  const server = await rig.join();
  server.write(encoded({ event: { id: 7 as never, message: { params: { to: Buffer.from('a\0b') } } } }));
  expect(await server.outcome()).toMatchObject({ id: 7n, failure: { code: 'INVALID_ARGUMENT' } });
  server.write(encoded({ event: { id: 7 as never, message: { params: { to: Buffer.alloc(70_000, 1) } } } }));
  expect(await server.outcome()).toMatchObject({ id: 7n, failure: { code: 'MESSAGE_TOO_LARGE' } });
  server.write(encoded({ event: { id: 7 as never } }));
  expect(await server.outcome()).toMatchObject({ id: 7n, failure: { code: 'FRAME_INVALID' } });
  server.write(encoded({ event: { id: 7 as never, message: { payload: Buffer.alloc(MIB + 1) } } }));
  expect(await server.outcome()).toMatchObject({ id: 7n, failure: { code: 'MESSAGE_TOO_LARGE' } });
  server.write(framed(4, Buffer.from([0x12, 0x02, 0x09, 0x01])));
  expect(await server.failure()).toMatchObject({ code: 'FRAME_INVALID', fatal: false, eventId: null });
  await expectServed(server);
});

it('unknown keys and fields are skipped, and names may be in camel case', async () => {
  const rig = await GatewayRig.start();
  const server = await rig.dial('json');
  server.write(
    '{"hello":{"versionMin":1,"versionMax":1,"server":"chat","takesSends":true,"colour":"red","more":{"a":[1]}},"x":1}\n',
  );
  expect(await server.welcome()).toMatchObject({ version: 1 });
  expect(rig.gateway.clients()).toMatchObject([{ server: 'chat', takesSends: true }]);
  server.write('\r\n\n{"event":{"id":"1","__proto__":{"trace":true},"message":{"text":"hi","params":null}}}\r\n');
  expect(await server.outcome()).toMatchObject({ id: 1n, verdict: 'pass' });
});

it('an id whose event has no outcome yet is refused, and is free again afterwards', async () => {
  const rig = await GatewayRig.start({ modules: [fixtureModule('slow')] });
  const server = await rig.join();
  server.say(messageOf(1, '300'), messageOf(1, '0'));
  expect(await server.failure()).toMatchObject({ code: 'EVENT_ID_TAKEN', fatal: false, eventId: 1n });
  expect(await server.outcome()).toMatchObject({ id: 1n, verdict: 'pass', failure: null });
  server.say(messageOf(1, '0'));
  expect(await server.outcome()).toMatchObject({ id: 1n, verdict: 'pass', failure: null });
});

it('an ack of an unknown or already acknowledged send gets a failure, and changes nothing', async () => {
  const rig = await GatewayRig.start();
  const [taker, other] = [await rig.join({ takesSends: true }), await rig.join({ server: 'other' }, 'json')];
  rig.sends.send({ sentId: 'a' });
  await taker.sent();
  other.say({ kind: 'ack', sentIds: ['a'], refused: false });
  expect(await other.failure()).toMatchObject({ code: 'SEND_UNKNOWN', fatal: false, sentIds: ['a'] });
  taker.say({ kind: 'ack', sentIds: ['a', 'never'], refused: false }, { kind: 'ack', sentIds: ['a'], refused: true });
  expect(await taker.failure()).toMatchObject({ code: 'SEND_UNKNOWN', sentIds: ['never'] });
  expect(await taker.failure()).toMatchObject({ code: 'SEND_UNKNOWN', sentIds: ['a'] });
  expect([rig.sends.acknowledged, rig.sends.refused]).toEqual([['a'], []]);
});

it('a send that was not written yet cannot be acknowledged', async () => {
  const rig = await GatewayRig.start({}, { pauseBytes: 1024 });
  const server = await rig.join({ takesSends: true, window: 100 });
  for (let i = 0; i < 20; i++) rig.sends.send({ sentId: `s${i}`, payload: Buffer.alloc(256 * 1024) });
  await expect.poll(() => rig.gateway.clients()[0]?.unacknowledged).toBe(20);
  server.say({ kind: 'ack', sentIds: ['s19'], refused: false });
  const frames = [];
  while (frames.length < 21) frames.push(await server.next());
  const failures = frames.filter((frame) => frame?.kind === 'failure');
  expect(failures).toMatchObject([{ code: 'SEND_UNKNOWN', sentIds: ['s19'] }]);
  // It was read although the server had much to read.
  expect(frames.at(-1)?.kind).toBe('send');
  expect(rig.sends.acknowledged).toEqual([]);
});

it('a server that was killed in the middle of many events has its name again at once', async () => {
  const rig = await GatewayRig.start({ modules: [fixtureModule('slow')] }, { window: 2 });
  const server = await rig.join({ takesSends: true, instance: 'p1' });
  server.say(...Array.from({ length: 100 }, (_, i) => messageOf(i, '5000')));
  await expect.poll(() => rig.gateway.clients()[0]?.inProgress).toBe(2);
  server.end();
  const again = await rig.join({ takesSends: true, instance: 'p2' });
  expect(rig.sends.takers).toHaveLength(1);
  again.end();
});

it('a line of 1 GB is not held: the server is cut off at the limit of a line', async () => {
  const rig = await GatewayRig.start();
  const other = await rig.join({ server: 'other' });
  const server = await rig.join({}, 'json');
  const before = process.memoryUsage.rss();
  const piece = Buffer.alloc(MIB, 'x');
  let written = 0;
  const gone = new Promise<void>((resolve) => server.socket.once('close', () => resolve()));
  const failure = server.failure();
  server.write('{"event":{"id":1,"message":{"text":"');
  await Promise.race([
    gone,
    (async () => {
      while (written < 1024 && !server.socket.destroyed) {
        written += 1;
        if (!server.write(piece))
          await Promise.race([gone, new Promise((resolve) => server.socket.once('drain', resolve))]);
      }
    })(),
  ]);
  expect(await failure).toMatchObject({
    code: 'FRAME_INVALID',
    fatal: true,
    message: 'a line has more than 4194304 bytes',
  });
  expect(process.memoryUsage.rss() - before).toBeLessThan(300 * MIB);
  await expectServed(other);
});

it('a frame that never ends holds no more than has arrived of it', async () => {
  const rig = await GatewayRig.start({}, { connections: 64 });
  const other = await rig.join({ server: 'other' });
  for (let i = 0; i < 40; i++) (await rig.dial()).write(framed(2 * MIB, Buffer.alloc(100)));
  await expect.poll(() => rig.gateway.clients().length).toBe(41);
  await expectServed(other);
});

it('a server that vanishes in the middle of a frame is forgotten', async () => {
  const rig = await GatewayRig.start();
  const server = await rig.join();
  server.write(server.bytesOf([messageOf(1, 'hello')]).subarray(0, 11));
  server.end();
  await expect.poll(() => rig.gateway.clients()).toEqual([]);
});

it('a server that does not read is cut off, and the others notice nothing', async () => {
  const rig = await GatewayRig.start({}, { stalledMs: 500, pauseBytes: 64 * 1024 });
  const other = await rig.join({ server: 'other' });
  const server = await rig.join({ takesSends: true, window: 1000 });
  const big = Buffer.alloc(256 * 1024);
  for (let i = 0; i < 20; i++) rig.sends.send({ sentId: `s${i}`, payload: big });
  await expectServed(other);
  await expect.poll(() => rig.gateway.clients().length, { timeout: 20_000 }).toBe(1);
  while ((await server.next()) !== null);
  expect(rig.warnings).toEqual(['gateway: server chat was cut off, because it read nothing for 0.5 seconds']);
  // Nothing that it had not read is lost.
  expect(rig.sends.waiting).toHaveLength(20);
  await expectServed(other, 2);
});

it('a server that leaves too much unread is cut off at once, whatever it left unread', async () => {
  const limits = { unreadBytes: MIB, deafBytes: 64 * MIB, progressBytes: 64 * MIB };
  const rig = await GatewayRig.start({ modules: [fixtureModule('change-table', { abi: 'table' })] }, limits);
  const other = await rig.join({ server: 'other' });
  const server = await rig.join();
  // Each is changed, and comes back whole.
  const text = 'x'.repeat(256 * 1024);
  server.say(...Array.from({ length: 40 }, (_, i) => messageOf(i, text, { from: `a${i}`, to: 'x' })));
  await expect.poll(() => rig.gateway.clients().length, { timeout: 30_000 }).toBe(1);
  expect(rig.warnings[0]).toMatch(/^gateway: server chat was cut off, because it has left \d+ bytes unread$/);
  await expectServed(other);
});

it('when all servers together make the core hold too much, the one that does most is cut off', async () => {
  const rig = await GatewayRig.start({}, { allBytes: 2 * MIB, pauseBytes: 64 * 1024 });
  const other = await rig.join({ server: 'other' });
  const server = await rig.join({ server: 'large' }, 'json');
  server.write(`{"event":{"id":1,"message":{"text":"${'x'.repeat(3 * MIB)}`);
  await expect.poll(() => rig.gateway.clients().map((client) => client.server)).toEqual(['other']);
  expect(rig.warnings[0]).toMatch(/^gateway: server large was cut off, because it makes the core hold \d+ bytes/);
  await expectServed(other);
});

it('a server that reads slowly gets everything, and no more is written than it has room for', async () => {
  const rig = await GatewayRig.start({}, { pauseBytes: 64 * 1024 });
  const server = await rig.join({ takesSends: true, window: 1000 });
  for (let i = 0; i < 200; i++) rig.sends.send({ sentId: `s${i}`, payload: Buffer.alloc(64 * 1024, i) });
  for (let i = 0; i < 200; i++) {
    const sent = await server.sent();
    expect(sent.sentId).toBe(`s${i}`);
    if (i % 50 === 0) await expect.poll(() => rig.gateway.clients()[0]?.unacknowledged).toBe(200);
  }
});

it('a server that floods has only so many events in progress, and does not hold up another server', async () => {
  const rig = await GatewayRig.start({ modules: [fixtureModule('slow')] }, { window: 8, allEvents: 16 });
  const flooder = await rig.join({ server: 'flooder' });
  const params = (i: number) => ({ from: `a${i}`, to: `b${i}` });
  flooder.say(...Array.from({ length: 2000 }, (_, i) => messageOf(i, '1', params(i))));
  const other = await rig.join({ server: 'other' });
  const before = Number(rig.gateway.clients()[0]?.inProgress);
  expect(before).toBeLessThanOrEqual(8);
  for (let id = 1; id <= 10; id++) await expectServed(other, id);
  const outcomes = await flooder.outcomes(2000);
  expect(outcomes.every(({ defaultReason }) => defaultReason === null)).toBe(true);
  expect(outcomes.map(({ id }) => Number(id))).toEqual(Array.from({ length: 2000 }, (_, i) => i));
});

it('many servers that flood together share the places, and each is served', async () => {
  const rig = await GatewayRig.start({ modules: [fixtureModule('slow')] }, { window: 50, allEvents: 20 });
  const servers = await Promise.all(Array.from({ length: 5 }, (_, i) => rig.join({ server: `s${i}` })));
  let most = 0;
  const watch = setInterval(() => {
    most = Math.max(
      most,
      rig.gateway.clients().reduce((sum, { inProgress }) => sum + inProgress, 0),
    );
  }, 1);
  for (const [s, server] of servers.entries()) {
    server.say(...Array.from({ length: 100 }, (_, i) => messageOf(i, '1', { from: `${s}-${i}`, to: 'x' })));
  }
  const outcomes = await Promise.all(servers.map((server) => server.outcomes(100)));
  clearInterval(watch);
  expect(outcomes.flat().every(({ defaultReason }) => defaultReason === null)).toBe(true);
  expect(most).toBeGreaterThan(0);
  expect(most).toBeLessThanOrEqual(40);
});

it('large messages in progress are bounded by their bytes', async () => {
  const rig = await GatewayRig.start({ modules: [fixtureModule('slow')] }, { progressBytes: 2 * MIB });
  const server = await rig.join();
  const text = `5${' '.repeat(MIB - 1)}`;
  server.say(...Array.from({ length: 12 }, (_, i) => messageOf(i, text, { from: `a${i}`, to: 'x' })));
  let most = 0;
  const watch = setInterval(() => {
    most = Math.max(most, rig.gateway.clients()[0]?.inProgress ?? 0);
  }, 1);
  expect((await server.outcomes(12)).every(({ defaultReason }) => defaultReason === null)).toBe(true);
  clearInterval(watch);
  expect(most).toBeLessThanOrEqual(3);
});

it.each(['json', 'protobuf'] as const)(
  '%s: when there are too many connections, those without a hello are closed first',
  async (encoding) => {
    const rig = await GatewayRig.start({}, { connections: 3 });
    const nameless = await rig.dial(encoding);
    const [one, two] = [await rig.join({ server: 'one' }), await rig.join({ server: 'two' })];
    const three = await rig.join({ server: 'three' });
    nameless.say(helloOf());
    expect(await nameless.lastWords()).toMatchObject({ code: 'TOO_MANY_SERVERS' });
    const late = await rig.dial(encoding);
    late.say(helloOf(), messageOf(1, 'hello'));
    expect(await late.lastWords()).toMatchObject({ code: 'TOO_MANY_SERVERS' });
    for (const server of [one, two, three]) await expectServed(server);
  },
);

it('events while the core does not run are refused with its state', async () => {
  const rig = await GatewayRig.start();
  const server = await rig.join();
  await rig.supervisor.stop();
  server.say({ kind: 'event', id: 1n, trace: false, event: CallEvent.empty('call') });
  expect(await server.outcome()).toMatchObject({ id: 1n, failure: { code: 'ILLEGAL_STATE' } });
});

it('a socket that a killed core left is replaced, and no other file is', async () => {
  const rig = await GatewayRig.start();
  await rig.gateway.close();
  const folder = join(rig.directory, 'elsewhere');
  mkdirSync(folder);
  const path = join(folder, 'g.sock');
  await expect(rig.open({}, join(rig.directory, 'nowhere/g.sock'))).rejects.toMatchObject({ code: 'GATEWAY_UNUSABLE' });
  await expect(rig.open({}, join(folder, 'x'.repeat(100)))).rejects.toMatchObject({ code: 'SOCKET_PATH_TOO_LONG' });
  writeFileSync(path, 'precious');
  await expect(rig.open({}, path)).rejects.toMatchObject({
    code: 'GATEWAY_UNUSABLE',
    message: expect.stringContaining('not a socket'),
  });
  rmSync(path);
  symlinkSync('/dev/null', path);
  await expect(rig.open({}, path)).rejects.toMatchObject({ code: 'GATEWAY_UNUSABLE' });
  rmSync(path);
  mkdirSync(path);
  await expect(rig.open({}, path)).rejects.toMatchObject({ code: 'GATEWAY_UNUSABLE' });
  rmSync(path, { recursive: true });
  const live = createServer();
  await new Promise<void>((resolve) => live.listen(path, resolve));
  await expect(rig.open({}, path)).rejects.toMatchObject({
    message: expect.stringContaining('another process listens'),
  });
  // A process that is killed leaves the file.
  const { spawnSync } = await import('node:child_process');
  await new Promise((resolve) => live.close(resolve));
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', script]);
  const gateway = await rig.open({}, path);
  expect(gateway.isThere()).toBe(true);
  rmSync(path);
  expect(gateway.isThere()).toBe(false);
  await gateway.restore();
  expect(gateway.isThere()).toBe(true);
});
