import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { failureOf } from '../../../src/wire/gateway/frames.js';
import { outcomeOf, ProtobufGateway } from '../../helpers/protobuf-gateway.js';
import { PARAMS, somePath, startClient, startRig, text } from './rig.js';

describe('a core that is away', () => {
  it.each([
    ['pass', 'pass'],
    ['consume', 'consumed'],
  ] as const)('gives a message the default at once, and filtering resumes: %s', async (onUnreachable, verdict) => {
    const path = somePath();
    const { client, warnings } = startClient(path, { onUnreachable });
    const downs: string[] = [];
    client.on('down', ({ code }) => downs.push(code));
    await once(client, 'down');
    for (let i = 0; i < 1000; i++) {
      const outcome = await client.message(PARAMS, text('a'));
      expect(outcome).toMatchObject({ verdict, by: null, reason: 'unreachable', unreachable: true, eventId: null });
      expect(`${outcome.payload}`).toBe('a');
    }
    expect(await client.login({ address: 'alice' })).toMatchObject({ verdict: 'pass', reason: 'unreachable' });
    expect(client.stats.defaults).toEqual({ unreachable: 1001 });
    // All this was one turn.
    await new Promise((resolve) => setImmediate(resolve));
    expect(warnings[0]).toMatch(/^1 event has a default verdict: unreachable: no core listens at .*; is it running\?$/);

    const gateway = new ProtobufGateway(path);
    const up = once(client, 'up');
    await gateway.listen();
    const core = await gateway.meet();
    await up;
    const asked = client.message(PARAMS, text('b'));
    core.say(outcomeOf((await core.event()).id, { verdict: 'consumed', by: 'filter' }));
    expect(await asked).toMatchObject({ verdict: 'consumed', by: 'filter', unreachable: false });
    expect(downs).toEqual(['CORE_NOT_RUNNING']);
  });

  it('in the middle of an event gives the event the default, and the event is not sent again', async () => {
    const { gateway, client } = await startRig();
    const asked = [client.message(PARAMS, text('first')), client.message(PARAMS, text('second'))];
    const core = await gateway.meet({ window: 1 });
    expect(`${(await core.event()).event.payload}`).toBe('first');
    const down = once(client, 'down');
    core.socket.destroy();
    expect(await asked[0]).toMatchObject({ verdict: 'pass', reason: 'unreachable', unreachable: true });
    expect((await asked[0])?.eventId).not.toBeNull();
    await down;
    const next = await gateway.meet();
    const third = client.message(PARAMS, text('third'));
    // The event that was not sent has the default, too: the connection was too short for another attempt at once.
    const { id, event } = await next.event();
    expect(`${event.payload}`).toBe('third');
    next.say(outcomeOf(id));
    expect(await third).toMatchObject({ reason: null });
    expect(await asked[1]).toMatchObject({ reason: 'unreachable', eventId: null });
    expect(client.stats).toMatchObject({ connects: 2, lost: 1, defaults: { unreachable: 2 } });
  });

  it('that only hangs up is not called without a pause', async () => {
    const { gateway, client } = await startRig({ maxRetryMs: 40 });
    const start = performance.now();
    for (let i = 0; i < 12; i++) (await gateway.meet()).socket.destroy();
    // From the third attempt on at least half of 40 ms.
    expect(performance.now() - start).toBeGreaterThan(9 * 20);
    expect(client.stats.connects).toBeLessThanOrEqual(12);
  });
});

describe('a core that is late', () => {
  it('gives the default at the deadline; its outcome is skipped and the connection stays', async () => {
    const { gateway, client } = await startRig({ deadlineMs: 50 });
    const core = await gateway.meet();
    await once(client, 'up');
    for (let i = 0; i < 5; i++) {
      const start = performance.now();
      const outcome = await client.message(PARAMS, text('slow'));
      expect(performance.now() - start).toBeGreaterThan(49);
      expect(outcome).toMatchObject({ verdict: 'pass', reason: 'late', unreachable: true });
      const { id } = await core.event();
      expect(outcome.eventId).toBe(id);
      core.say(outcomeOf(id, { verdict: 'consumed', by: 'late' }));
      while (client.stats.lateOutcomes <= i) await turn();
    }
    expect(client.stats).toMatchObject({ connects: 1, lost: 0 });
  });

  it('that never welcomes costs the deadline, and serves once it welcomes', async () => {
    const { gateway, client } = await startRig({ deadlineMs: 50 });
    expect(await client.message(PARAMS, text('a'))).toMatchObject({ reason: 'late', eventId: null });
    const core = await gateway.accept();
    await core.take('hello');
    expect(await client.message(PARAMS, text('b'))).toMatchObject({ reason: 'late', eventId: null });
    const up = once(client, 'up');
    core.welcome();
    await up;
    expect(client.stats).toMatchObject({ connects: 1, failedConnects: 0, waiting: 0 });
  });

  it('leaves late events in the window, and waiting events get the default at their own deadline', async () => {
    const { gateway, client } = await startRig({ deadlineMs: 50 });
    const core = await gateway.meet({ window: 1 });
    await once(client, 'up');
    const asked = [client.message(PARAMS, text('a')), client.message(PARAMS, text('b'))];
    expect((await Promise.all(asked)).map(({ reason }) => reason)).toEqual(['late', 'late']);
    expect(client.stats.inFlight).toBe(1);
    const { id } = await core.event();
    expect(core.waiting).toEqual([]);
    core.say(outcomeOf(id));
    // The second one is not handed over any more.
    let third = client.message(PARAMS, text('c'));
    while ((await third).eventId === null) {
      await turn();
      third = client.message(PARAMS, text('c'));
    }
    expect(`${(await core.event()).event.payload}`).toBe('c');
  });
});

describe('a core that hangs', () => {
  it('costs one deadline; events pass at once until it says something', async () => {
    const { gateway, client } = await startRig({ deadlineMs: 300 });
    const core = await gateway.meet({ window: 1 });
    await once(client, 'up');
    const start = performance.now();
    const first = client.message(PARAMS, text('first'));
    const { id } = await core.event();
    expect(await first).toMatchObject({ reason: 'late', eventId: id });
    for (let i = 0; i < 100; i++) {
      expect(await client.message(PARAMS, text('more'))).toMatchObject({ reason: 'late', eventId: null });
    }
    expect(performance.now() - start).toBeLessThan(100 * 150);
    expect(client.stats).toMatchObject({ defaults: { late: 101 }, waiting: 0, inFlight: 1 });
    expect(core.waiting).toEqual([]);
    core.say(outcomeOf(id));
    while (client.stats.lateOutcomes === 0) await turn();
    const last = client.message(PARAMS, text('last'));
    core.say(outcomeOf((await core.event()).id, { verdict: 'consumed', by: 'filter' }));
    expect(await last).toMatchObject({ reason: null, by: 'filter' });
    expect(client.stats.connects).toBe(1);
  });

  it('before its welcome keeps events waiting for 5 s, however long their deadline is', async () => {
    const { gateway, client } = await startRig({ deadlineMs: 600_000 });
    expect(await client.message(PARAMS, text('a'))).toMatchObject({ reason: 'late', eventId: null });
    expect(await client.message(PARAMS, text('b'))).toMatchObject({ reason: 'late', eventId: null });
    const up = once(client, 'up');
    const core = await gateway.meet();
    await up;
    const asked = client.message(PARAMS, text('c'));
    core.say(outcomeOf((await core.event()).id));
    expect(await asked).toMatchObject({ reason: null });
  });

  it('gives a shorter deadline to later events, also while earlier ones have a longer one', async () => {
    const { gateway, client } = await startRig({}, 'of the core');
    const core = await gateway.meet({ chainDeadlineMs: 600_000 });
    await once(client, 'up');
    void client.message(PARAMS, text('long'));
    await core.event();
    core.welcome({ chainDeadlineMs: 1, callbacks: ['on_message'] });
    await once(client, 'callbacks');
    expect(await client.message(PARAMS, text('short'))).toMatchObject({ reason: 'late' });
    core.socket.destroy();
  });
});

it('ids of events of two clients of one server differ', async () => {
  const path = somePath();
  const gateway = new ProtobufGateway(path);
  await gateway.listen();
  const ids = new Set<bigint>();
  for (let i = 0; i < 2; i++) {
    const { client } = startClient(path);
    const core = await gateway.meet();
    const asked = client.message(PARAMS, text('a'));
    const { id } = await core.event();
    core.say(outcomeOf(id));
    await asked;
    ids.add(id);
    await client.close();
  }
  expect(ids.size).toBe(2);
});

describe('a listener that is not a core', () => {
  it.each([
    ['a frame of 4 GiB', Buffer.from('ffffffff00', 'hex')],
    ['text', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['a frame that ends too soon', Buffer.from('000000021205', 'hex')],
    ['an outcome before the welcome', Buffer.from('0000000b1209090100000000000000', 'hex')],
    ['a welcome of version 2', Buffer.from('000000040a020802', 'hex')],
  ])('is left when it sends %s', async (_, bytes) => {
    const { gateway, client } = await startRig();
    const asked = client.message(PARAMS, text('a'));
    const down = once(client, 'down');
    const core = await gateway.accept();
    core.socket.write(bytes);
    const [error] = await down;
    expect(error).toMatchObject({ code: 'CORE_INCOMPATIBLE' });
    expect(error.message).toContain('sent something that is not a frame of the gateway; is it a core?');
    expect(await asked).toMatchObject({ reason: 'unreachable' });
    await core.ended();
    await gateway.meet();
  });

  it('says why it ends the connection', async () => {
    const { gateway, client } = await startRig();
    const down = once(client, 'down');
    const core = await gateway.accept();
    core.say(failureOf('VERSION_UNKNOWN', 'this core speaks version 2 only', { fatal: true }));
    core.socket.end();
    const [error] = await down;
    expect(error).toMatchObject({ code: 'VERSION_UNKNOWN', message: 'the core says: this core speaks version 2 only' });
    expect(client.isUp).toBe(false);
  });

  it('complains again and again, and the server hears of it', async () => {
    const { gateway, client, warnings } = await startRig();
    const core = await gateway.meet();
    const warned = once(client, 'warning');
    core.say(failureOf('SEND_UNKNOWN', 'no such send'));
    await warned;
    expect(warnings).toEqual(['the core says: no such send']);
  });
});

describe('a client that is closed', () => {
  it('has waited for the events in progress, and takes no more', async () => {
    const { gateway, client } = await startRig();
    const core = await gateway.meet();
    await once(client, 'up');
    const asked = client.message(PARAMS, text('last'));
    const closed = client.close();
    await expect(client.message(PARAMS, text('too late'))).rejects.toMatchObject({ code: 'ILLEGAL_STATE' });
    core.say(outcomeOf((await core.event()).id, { verdict: 'consumed', by: 'filter' }));
    expect(await asked).toMatchObject({ by: 'filter' });
    await closed;
    expect(await core.next()).toBeNull();
    await client.close();
  });

  it('ends though no core is there, and though none answers', async () => {
    const away = startClient(somePath());
    await once(away.client, 'down');
    await away.client.close();
    const { gateway, client } = await startRig({ deadlineMs: 30 });
    await gateway.accept();
    const asked = client.message(PARAMS, text('a'));
    await client.close();
    expect(await asked).toMatchObject({ reason: 'late' });
    expect(client.isUp).toBe(false);
  });
});
