import { once } from 'node:events';
import { type ClientOptions, GatewayClient, type ReceivedSend } from 'mesibo-modules/client';
import { expect, it, onTestFinished } from 'vitest';
import { fixtureModule } from '../core.js';
import { CoreRig } from './rig.js';

const PARAMS = { id: 7n, from: 'alice', to: 'bob' };
const text = (value: string) => Buffer.from(value);

function connect(path: string, options: Partial<ClientOptions> = {}): GatewayClient {
  const client = new GatewayClient({ path, server: 'chat', deadlineMs: 60_000, maxRetryMs: 50, ...options });
  onTestFinished(() => void client.close());
  return client;
}

it('the modules of a core decide on messages, and filtering resumes when the core has come back', async () => {
  const rig = new CoreRig();
  const client = connect(rig.path);
  expect(await client.message(PARAMS, text('heck'))).toMatchObject({ verdict: 'pass', reason: 'unreachable' });
  await rig.start();
  if (!client.isUp) await once(client, 'up');
  // Before its modules have started, a core wants every event.
  while (client.callbacks.size > 1) await once(client, 'callbacks');
  expect([...client.callbacks]).toEqual(['on_message']);

  const asked = Array.from({ length: 1000 }, (_, i) => client.message(PARAMS, text(i % 3 ? `fine ${i}` : `heck ${i}`)));
  for (const [i, outcome] of (await Promise.all(asked)).entries()) {
    expect(outcome).toMatchObject({ verdict: i % 3 ? 'pass' : 'consumed', by: i % 3 ? null : 'filter', reason: null });
    expect(outcome.params).toMatchObject(PARAMS);
  }
  const { trace } = await client.message(PARAMS, text('fine'), { trace: true });
  expect(trace.map(({ module, verdict }) => [module, verdict])).toEqual([
    ['filter', 'pass'],
    ['sends_many', 'pass'],
  ]);
  expect(await client.status(PARAMS, 3)).toMatchObject({ verdict: 'pass', reason: null });

  const down = once(client, 'down');
  await rig.stop();
  await down;
  expect(await client.message(PARAMS, text('heck'))).toMatchObject({ verdict: 'pass', unreachable: true });
  const up = once(client, 'up');
  await rig.start();
  await up;
  expect(await client.message(PARAMS, text('heck'))).toMatchObject({ verdict: 'consumed', by: 'filter' });
  const { inFlight, waiting, lateOutcomes } = client.stats;
  expect({ inFlight, waiting, lateOutcomes }).toEqual({ inFlight: 0, waiting: 0, lateOutcomes: 0 });
});

it('a message that modules change comes back changed', async () => {
  const rig = new CoreRig();
  await rig.start([fixtureModule('change-2020')]);
  const client = connect(rig.path);
  const outcome = await client.message(PARAMS, text('payload'));
  const direct = await rig.core.onMessage(PARAMS, text('payload'));
  expect(outcome.changed).toBe(true);
  expect(outcome.params).toEqual(direct.params);
  expect(`${outcome.payload}`).toBe(`${direct.payload}`);
});

it('messages of modules are delivered once and in order, over a restart of the core and a restart of the server', async () => {
  const rig = new CoreRig();
  await rig.start();
  const got: ReceivedSend[] = [];
  let enough: () => void = () => {};
  const half = new Promise<void>((resolve) => {
    enough = resolve;
  });
  const first = connect(rig.path, {
    // The second half is not acknowledged by this one.
    onSend: (send) => {
      if (got.length === 50) enough();
      if (got.length === 50) return new Promise(() => {});
      got.push(send);
      return 2;
    },
    sendWindow: 1,
  });
  const { eventId } = await first.message(PARAMS, text('100'));
  await half;
  expect(got.map(({ payload }) => `${payload}`)).toEqual(Array.from({ length: 50 }, (_, i) => `sent ${i + 1}`));
  expect(got.every(({ cause, module }) => cause === eventId && module === 'sends_many')).toBe(true);
  expect(got[0]?.params).toMatchObject({ id: 1n, from: 'bob', to: 'alice' });
  await rig.stop();
  await rig.start();

  const later: ReceivedSend[] = [];
  let all: () => void = () => {};
  const rest = new Promise<void>((resolve) => {
    all = resolve;
  });
  const second = connect(rig.path, {
    onSend: (send) => {
      if (later.push(send) === 50) all();
    },
  });
  await rest;
  expect(later.map(({ payload }) => `${payload}`)).toEqual(Array.from({ length: 50 }, (_, i) => `sent ${i + 51}`));
  await second.close();
  expect(rig.core.status().sends).toMatchObject({ waiting: 0 });
});
