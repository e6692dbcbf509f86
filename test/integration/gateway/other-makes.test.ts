/** Input from clients of other makes, and from people: it is taken when its meaning is clear, and refused in plain words otherwise. */

import { expect, it } from 'vitest';
import { GatewayRig } from '../../helpers/gateway-rig.js';
import { helloOf, messageOf, type RawServer } from '../../helpers/raw-server.js';

const MIB = 1024 * 1024;
const ID = [0x09, 7, 0, 0, 0, 0, 0, 0, 0];

function field(number: number, ...content: number[]): number[] {
  return [number * 8 + 2, content.length, ...content];
}

/** A frame of protobuf, which is one event unless it is given otherwise. */
function framed(...content: number[]): Buffer {
  return Buffer.from([0, 0, 0, content.length, ...content]);
}

const eventOf = (...fields: number[][]) => framed(...field(2, ...fields.flat()));

async function expectServed(server: RawServer, id = 1): Promise<void> {
  server.say(messageOf(id, 'still there?'));
  expect(await server.outcome()).toMatchObject({ id: BigInt(id), verdict: 'pass', failure: null });
}

const TEXT = field(3, ...field(2, 0x68, 0x69));
const WRONG_TYPES: [string, Buffer, RegExp][] = [
  ['id', eventOf([0x08, 7], TEXT), /field 1 of the event has the wire type 0/],
  ['kind', eventOf([0x1d, 0, 0, 0, 0]), /field 3 of the event has the wire type 5/],
  ['frame', framed(0x10, 7), /field 2 of the frame has the wire type 0/],
  ['sent id', framed(...field(4, 0x08, 7)), /field 1 of the send_status has the wire type 0/],
  ['list of sent ids', framed(...field(3, 0x08, 7)), /field 1 of the ack has the wire type 0/],
];

it.each(WRONG_TYPES)(
  'protobuf: the wrong wire type of a %s gets a failure, and no id is made up',
  async (_, bytes, words) => {
    const rig = await GatewayRig.start();
    const server = await rig.join();
    server.write(bytes);
    const failure = await server.failure();
    expect(failure).toMatchObject({ code: 'FRAME_INVALID', fatal: false, eventId: null });
    expect(failure.message).toMatch(words);
    await expectServed(server);
  },
);

it.each([
  ['parameter', eventOf(ID, field(3, ...field(1, 0x10, 5))), /field 2 of the params/],
  ['payload', eventOf(ID, field(3, 0x10, 5)), /field 2 of the message/],
  ['address of a login', eventOf(ID, field(5, 0x18, 5)), /field 3 of the login/],
  ['flag before the id', eventOf([0x12, 0], ID, TEXT), /field 2 of the event/],
])('protobuf: the wrong wire type of a %s is reported in the outcome', async (_, bytes, words) => {
  const rig = await GatewayRig.start();
  const server = await rig.join();
  server.write(bytes);
  const { id, failure } = await server.outcome();
  expect([id, failure?.code]).toEqual([7n, 'FRAME_INVALID']);
  expect(failure?.message).toMatch(words);
});

it('protobuf: a message that comes in two parts is one', async () => {
  const rig = await GatewayRig.start();
  const server = await rig.join();
  server.write(eventOf(ID, field(3, ...field(1, ...field(12, 0x62))), TEXT));
  expect(await server.outcome()).toMatchObject({ id: 7n, failure: null });
  // The frame too: its id in one part, its message in the other.
  server.write(framed(...field(2, ...ID), ...field(2, ...TEXT)));
  expect(await server.outcome()).toMatchObject({ id: 7n, failure: null });
  server.write(eventOf(ID, TEXT, field(6)));
  expect(await server.outcome()).toMatchObject({ id: 7n, failure: { message: expect.stringMatching(/two kinds/) } });
});

it('an event that has no id and cannot be taken does not count as event 0', async () => {
  const rig = await GatewayRig.start();
  const [server, json] = [await rig.join({ server: 'one' }), await rig.join({ server: 'two' }, 'json')];
  for (const bytes of [eventOf(TEXT, field(6)), eventOf(), eventOf(field(5, ...field(3, 0)))]) {
    server.write(bytes);
    expect(await server.failure()).toMatchObject({ fatal: false, eventId: null });
  }
  json.write('{"event":{"message":{"text":7}}}\n');
  expect(await json.failure()).toMatchObject({ code: 'FRAME_INVALID', fatal: false, eventId: null });
  // One that can be taken has the id 0.
  json.write('{"event":{"message":{"text":"hi"}}}\n{"event":{"id":0,"message":{"text":7}}}\n');
  expect(await json.outcomes(2)).toMatchObject([
    { id: 0n, failure: null },
    { id: 0n, failure: { code: 'FRAME_INVALID' } },
  ]);
});

it.each([[1], [2], [1000]])('JSON: a byte order mark is skipped, in pieces of %i bytes', async (size) => {
  const rig = await GatewayRig.start();
  const server = await rig.dial('json');
  const bytes = Buffer.concat([Buffer.from('\ufeff'), server.bytesOf([helloOf(), messageOf(1, 'hi')])]);
  for (let at = 0; at < bytes.length; at += size) {
    await new Promise((written) => server.socket.write(bytes.subarray(at, at + size), written));
  }
  await server.welcome();
  expect(await server.outcome()).toMatchObject({ id: 1n, failure: null });
});

it('JSON: the error for a document over several lines says that it has to stand on one', async () => {
  const rig = await GatewayRig.start();
  const first = await rig.dial('json');
  first.write(`${JSON.stringify({ hello: { version_max: 1, server: 'a' } }, null, 2)}\n`);
  expect((await first.lastWords()).message).toMatch(/is not JSON: .*; a document has to stand on one line$/);
  const server = await rig.join({}, 'json');
  server.write('{"event": {\n"id": 1,\n}}\nhello?\n');
  for (let i = 0; i < 3; i++) expect((await server.failure()).message).toMatch(/has to stand on one line$/);
  expect((await server.failure()).message).not.toMatch(/one line/);
});

it('JSON: a line with a key twice is refused; the same word elsewhere does not count', async () => {
  const rig = await GatewayRig.start();
  const server = await rig.join({}, 'json');
  server.write('{"event":{"id":1,"call":{}},"x":[{"a":1}],"event":{"id":2,"call":{}}}\n');
  expect(await server.failure()).toMatchObject({ message: 'the line has the key event twice, and must be one frame' });
  server.write(
    '{"x":["event",{"event":1}],"event":{"id":3,"event":"event","message":{"text":"{\\"event\\":1,\\"event\\":2}"}}}\n',
  );
  expect(await server.outcome()).toMatchObject({ id: 3n, failure: null });
});

it('an ack of many unknown ids gets a failure with the first of them', async () => {
  const rig = await GatewayRig.start();
  const server = await rig.join({ takesSends: true });
  const sentIds = Array.from({ length: 10_000 }, (_, i) => `never-${i}`);
  server.say({ kind: 'ack', sentIds, refused: false });
  const failure = await server.failure();
  expect(failure.sentIds).toEqual(sentIds.slice(0, 100));
  expect(failure.message).toMatch(
    /^the ack has 10000 ids without an unacknowledged send .*; the first 100 are in sent_ids$/,
  );
});

it('an ack of many ids costs little while many sends wait to be written', async () => {
  const rig = await GatewayRig.start({}, { pauseBytes: 1024 });
  const server = await rig.join({ takesSends: true, window: 4096 });
  const payload = Buffer.alloc(1024);
  for (let i = 0; i < 4096; i++) rig.sends.send({ sentId: `s${i}`, payload });
  await expect.poll(() => rig.gateway.clients()[0]?.unacknowledged).toBe(4096);
  const sentIds = Array.from({ length: 10_000 }, (_, i) => `never-${i}`);
  const before = process.cpuUsage();
  for (let i = 0; i < 20; i++) server.say({ kind: 'ack', sentIds, refused: false });
  let failures = 0;
  while (failures < 20) if ((await server.next())?.kind === 'failure') failures += 1;
  // Looking through all of them for each id takes 20 times as long.
  expect(process.cpuUsage(before).user / 1000).toBeLessThan(6000);
});

it.each(['protobuf', 'json'] as const)('%s: a server that does not go on with a frame is cut off', async (encoding) => {
  const rig = await GatewayRig.start({}, { stalledMs: 1000 });
  const [other, brief] = [await rig.join({ server: 'other' }), await rig.join({ server: 'brief' }, 'json')];
  const server = await rig.join({}, encoding);
  const frame = server.bytesOf([messageOf(1, 'x'.repeat(MIB))]);
  server.write(frame.subarray(0, MIB / 2));
  // What holds little may take its time.
  brief.write('{"event":');
  expect(await server.next()).toBeNull();
  expect(rig.warnings).toEqual([
    'gateway: server chat was cut off, because it sent nothing for 1 seconds of a frame that it had begun',
  ]);
  await expectServed(other);
  brief.write('{"id":1,"call":{}}}\n');
  expect(await brief.outcome()).toMatchObject({ id: 1n, failure: null });
});
