/** Servers that close only their own direction: nothing that they said before is lost, and no answer to it. */

import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { CallEvent } from '../../../src/wire/call-event.js';
import type { ServerFrame } from '../../../src/wire/gateway/frames.js';
import { toWireParams } from '../../../src/wire/params.js';
import { fixtureModule } from '../../e2e/core.js';
import { GatewayRig } from '../../helpers/gateway-rig.js';
import { helloOf, messageOf, type RawServer } from '../../helpers/raw-server.js';

const ENCODINGS = ['protobuf', 'json'] as const;
/** More than the time that the last words of a refused connection have. */
const LATE_MS = 1_500;

/** Events that no module wants: their outcomes come at once. */
function logins(count: number): ServerFrame[] {
  const [online, flags] = [toWireParams({ id: 1 }).id as never, toWireParams({ id: 0 }).id as never];
  const event = CallEvent.login({ address: Buffer.from('alice'), online, flags });
  return Array.from({ length: count }, (_, i) => ({ kind: 'event' as const, id: BigInt(i), trace: false, event }));
}

/** The ids of all outcomes until the connection ends. */
async function outcomesToEnd(server: RawServer): Promise<number[]> {
  const ids: number[] = [];
  for (let frame = await server.next(); frame !== null; frame = await server.next()) {
    if (frame.kind === 'outcome') ids.push(Number(frame.id));
  }
  return ids.sort((a, b) => a - b);
}

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

it.each(ENCODINGS)('%s: all events before a half-close get their outcomes', async (encoding) => {
  const rig = await GatewayRig.start();
  for (const count of [300, 3000, 10_000]) {
    const server = await rig.dial(encoding);
    server.socket.end(server.bytesOf([helloOf({ server: `s${count}` }), ...logins(count)]));
    expect(await outcomesToEnd(server)).toEqual(upTo(count));
  }
});

it('events beyond the window get their outcomes too after a half-close', async () => {
  const rig = await GatewayRig.start({ modules: [fixtureModule('slow')] }, { window: 2 });
  const server = await rig.dial('json');
  server.socket.end(server.bytesOf([helloOf(), ...upTo(20).map((id) => messageOf(id, '1'))]));
  expect(await outcomesToEnd(server)).toEqual(upTo(20));
});

it('acknowledgements before a half-close count', async () => {
  const rig = await GatewayRig.start();
  const server = await rig.join({ takesSends: true });
  rig.sends.send({ sentId: 'a' });
  await server.sent();
  server.socket.end(server.bytesOf([...logins(3000), { kind: 'ack', sentIds: ['a'], refused: false }]));
  expect(await outcomesToEnd(server)).toEqual(upTo(3000));
  expect(rig.sends.acknowledged).toEqual(['a']);
});

it.each(ENCODINGS)('%s: a server that reads late after a half-close gets all outcomes', async (encoding) => {
  const rig = await GatewayRig.start();
  const server = await rig.dial(encoding);
  const events = logins(30_000);
  server.socket.end(server.bytesOf([helloOf(), ...events]));
  await server.welcome();
  await sleep(LATE_MS);
  expect(await outcomesToEnd(server)).toEqual(upTo(events.length));
});

it('a server that never reads after a half-close is cut off', async () => {
  const rig = await GatewayRig.start({}, { stalledMs: 1000 });
  const server = await rig.dial('json');
  server.socket.end(server.bytesOf([helloOf(), ...logins(30_000)]));
  await server.welcome();
  await expect.poll(() => rig.gateway.clients(), { timeout: 20_000 }).toEqual([]);
  expect(rig.warnings).toEqual(['gateway: server chat was cut off, because it read nothing for 1 seconds']);
});

it('JSON: a last line without a line end is taken when it is a whole document', async () => {
  const rig = await GatewayRig.start();
  const server = await rig.dial('json');
  server.socket.end(`${server.bytesOf([helloOf()])}{"event":{"id":7,"call":{}}}`);
  await server.welcome();
  expect(await outcomesToEnd(server)).toEqual([7]);
  const only = await rig.dial('json');
  only.socket.end(String(only.bytesOf([helloOf({ server: 'only' })])).trimEnd());
  expect(await only.welcome()).toMatchObject({ version: 1 });
  expect(await only.next()).toBeNull();
});

it.each([
  ['a document that is cut off', Buffer.from('{"event":{"id":7,"ca'), /the last line has no end/],
  ['a character that is cut off', Buffer.from('{"event":{"id":7,"message":{"text":"ä').subarray(0, -1), /has no end/],
])('JSON: a last line with %s gets a failure', async (_, rest, words) => {
  const rig = await GatewayRig.start();
  const server = await rig.dial('json');
  server.socket.end(Buffer.concat([server.bytesOf([helloOf(), ...logins(1)]), rest]));
  await server.welcome();
  await server.outcome();
  expect(await server.failure()).toMatchObject({
    code: 'FRAME_INVALID',
    message: expect.stringMatching(words),
    eventId: null,
  });
  expect(await server.next()).toBeNull();
});

it.each([1, 4, 9])('protobuf: a last frame of which %i bytes came gets a failure', async (bytes) => {
  const rig = await GatewayRig.start();
  const server = await rig.dial();
  const last = server.bytesOf([messageOf(7, 'hello')]).subarray(0, bytes);
  server.socket.end(Buffer.concat([server.bytesOf([helloOf(), ...logins(1)]), last]));
  await server.welcome();
  await server.outcome();
  expect(await server.failure()).toMatchObject({
    code: 'FRAME_INVALID',
    message: 'the last frame has no end: the connection ended inside it',
  });
  expect(await server.next()).toBeNull();
});

it('a hello that is cut off is refused in words', async () => {
  const rig = await GatewayRig.start();
  const server = await rig.dial('json');
  server.socket.end('{"hello":{"version_min":1');
  const { code, message } = await server.lastWords();
  expect([code, message]).toEqual([
    'FRAME_INVALID',
    'the last line has no end, and "{\\"hello\\":{\\"version_min\\":1" is not a whole document',
  ]);
});
