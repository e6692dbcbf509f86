/** Several connections of one process take the sends of one name: the newest has them, and the others when it is gone. */

import { expect, it } from 'vitest';
import { IllegalStateError } from '../../../src/errors.js';
import { GatewayRig } from '../../helpers/gateway-rig.js';
import { helloOf, messageOf } from '../../helpers/raw-server.js';

const HELLO = { takesSends: true, instance: 'p1', window: 8 };

it('the newest remaining connection takes the sends again, the unacknowledged ones first', async () => {
  const rig = await GatewayRig.start();
  const [first, second, third] = [await rig.join(HELLO), await rig.join(HELLO), await rig.join(HELLO)];
  for (const sentId of ['a', 'b', 'c']) rig.sends.send({ sentId });
  for (const sentId of ['a', 'b', 'c']) expect(await third.sent()).toMatchObject({ sentId });
  third.say({ kind: 'ack', sentIds: ['a'], refused: false });
  await expect.poll(() => rig.sends.acknowledged).toEqual(['a']);
  third.end();
  for (const sentId of ['b', 'c']) expect(await second.sent()).toMatchObject({ sentId });
  rig.sends.send({ sentId: 'd' });
  expect(await second.sent()).toMatchObject({ sentId: 'd' });
  second.say({ kind: 'ack', sentIds: ['b', 'c', 'd'], refused: false });
  await expect.poll(() => rig.sends.acknowledged).toEqual(['a', 'b', 'c', 'd']);
  // One that closes only its direction takes nothing more either.
  second.socket.end();
  expect(await second.next()).toBeNull();
  rig.sends.send({ sentId: 'e' });
  expect(await first.sent()).toMatchObject({ sentId: 'e' });
  expect(rig.gateway.clients()).toMatchObject([{ takesSends: true, unacknowledged: 1 }]);
  expect(rig.sends.takers).toHaveLength(1);
});

it('an older connection that goes changes nothing, and gets nothing when the newest goes later', async () => {
  const rig = await GatewayRig.start();
  const [first, second, third] = [await rig.join(HELLO), await rig.join(HELLO), await rig.join(HELLO)];
  second.end();
  await expect.poll(() => rig.gateway.clients().length).toBe(2);
  rig.sends.send({ sentId: 'a' });
  expect(await third.sent()).toMatchObject({ sentId: 'a' });
  third.end();
  expect(await first.sent()).toMatchObject({ sentId: 'a' });
  // As long as one is there, the name is not free; then it is.
  const stranger = await rig.dial();
  stranger.say({ kind: 'hello', versionMin: 1, versionMax: 1, server: 'chat', ...HELLO, instance: 'p2' });
  expect(await stranger.lastWords()).toMatchObject({ code: 'SERVER_NAME_TAKEN' });
  first.end();
  const other = await rig.join({ ...HELLO, instance: 'p2' });
  expect(await other.sent()).toMatchObject({ sentId: 'a' });
});

it('a server is welcome when a later core will know its name', async () => {
  const rig = await GatewayRig.start();
  let stored = () => {};
  rig.sends.storing = new Promise((resolve) => {
    stored = resolve;
  });
  const [server, gone] = [await rig.dial(), await rig.dial()];
  server.say(helloOf(HELLO), messageOf(1, 'hello'));
  gone.say(helloOf({ ...HELLO, server: 'gone' }));
  await expect.poll(() => rig.gateway.clients().map(({ server }) => server)).toEqual(['chat', 'gone']);
  gone.end();
  expect(rig.gateway.clients()[0]).toMatchObject({ server: 'chat', inProgress: 0, takesSends: false });
  stored();
  await server.welcome();
  expect(await server.outcome()).toMatchObject({ id: 1n, verdict: 'pass' });
  await expect.poll(() => rig.sends.takers.map(({ server }) => server)).toEqual(['chat']);
});

it('a server that waits for its name to be known, and then cannot take sends, is told why', async () => {
  const rig = await GatewayRig.start();
  let stored = () => {};
  rig.sends.storing = new Promise((resolve) => {
    stored = resolve;
  });
  rig.sends.attach = () => {
    throw new IllegalStateError('SERVER_NAME_TAKEN', 'somebody else takes the sends');
  };
  const server = await rig.dial();
  server.say(helloOf(HELLO));
  await expect.poll(() => rig.gateway.clients().map(({ server }) => server)).toEqual(['chat']);
  stored();
  await expect.poll(() => rig.gateway.clients()).toEqual([]);
  await server.welcome();
  expect(await server.lastWords()).toMatchObject({ code: 'SERVER_NAME_TAKEN' });
});

it('at the end of the gateway connections take over from each other for a moment at most', async () => {
  const rig = await GatewayRig.start();
  const servers = [await rig.join(HELLO), await rig.join(HELLO), await rig.join(HELLO)];
  await rig.gateway.close();
  for (const server of servers) while ((await server.next()) !== null);
  expect(rig.sends.takers).toEqual([]);
});
