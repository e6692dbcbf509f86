import { once } from 'node:events';
import Long from 'long';
import { describe, expect, it } from 'vitest';
import { failureOf } from '../../../src/wire/gateway/frames.js';
import { outcomeOf } from '../../helpers/protobuf-gateway.js';
import { PARAMS, startRig, text } from './rig.js';

describe('an event', () => {
  it('of the first turn waits for the connection, and its message arrives whole', async () => {
    const { gateway, client } = await startRig();
    const asked = client.message({ ...PARAMS, sid: 2n ** 64n - 1n, uflags: 1 }, text('hello'));
    const core = await gateway.meet();
    expect(core.said).toMatchObject({ server: 'test', takesSends: false, versionMin: 1, versionMax: 1 });
    const { event, id, trace } = await core.event();
    expect(event.params.sid?.toString()).toBe(String(2n ** 64n - 1n));
    expect(`${event.params.to}`).toBe('bob');
    expect(`${event.payload}`).toBe('hello');
    expect(trace).toBe(false);
    core.say(outcomeOf(id));
    const outcome = await asked;
    expect(outcome).toMatchObject({ verdict: 'pass', by: null, reason: null, unreachable: false, changed: false });
    expect(outcome.params).toMatchObject({ id: 7n, from: 'alice', to: 'bob', uflags: 1, expiry: 0 });
    expect(`${outcome.payload}`).toBe('hello');
    expect(outcome.eventId).toBe(id);
  });

  it('comes back as modules left it', async () => {
    const { gateway, client } = await startRig();
    const asked = client.message(PARAMS, text('heck'), { trace: true });
    const core = await gateway.meet();
    const { id, trace } = await core.event();
    expect(trace).toBe(true);
    const traced = { module: 'slow', verdict: 'pass' as const, defaultReason: 'hang', micros: 12 };
    core.say(
      outcomeOf(id, {
        verdict: 'consumed',
        by: 'filter',
        defaultReason: 'hang',
        defaultBy: 'slow',
        params: { id: Long.fromNumber(9, true), to: text('carol') },
        payload: text('h**k'),
        trace: [traced],
      }),
    );
    const outcome = await asked;
    expect(outcome).toMatchObject({
      verdict: 'consumed',
      by: 'filter',
      reason: 'hang',
      defaultBy: 'slow',
      changed: true,
    });
    expect(outcome.unreachable).toBe(false);
    expect(outcome.params).toMatchObject({ id: 9n, to: 'carol', from: null });
    expect(`${outcome.payload}`).toBe('h**k');
    expect(outcome.trace).toEqual([{ module: 'slow', verdict: 'pass', default: 'hang', micros: 12 }]);
    expect(client.stats).toMatchObject({ events: 1, consumed: 1, changed: 1, defaults: { hang: 1 } });
  });

  it('of each kind travels', async () => {
    const { gateway, client } = await startRig();
    const asked = [
      client.status(PARAMS, 0x80),
      client.login({ address: 'alice', flags: 2n ** 40n }),
      client.call(),
      client.callStatus(),
    ];
    const core = await gateway.meet();
    const kinds = [];
    for (let i = 0; i < 4; i++) {
      const { event, id } = await core.event();
      kinds.push(event.kind);
      if (event.kind === 'status') expect(event.params.status?.toNumber()).toBe(0x80);
      if (event.kind === 'login') expect(`${event.login.address}`).toBe('alice');
      core.say(outcomeOf(id, event.kind === 'login' ? { verdict: 'consumed', by: 'gate' } : {}));
    }
    expect(kinds).toEqual(['status', 'login', 'call', 'callStatus']);
    expect((await Promise.all(asked)).map(({ verdict, by }) => [verdict, by])).toEqual([
      ['pass', null],
      ['consumed', 'gate'],
      ['pass', null],
      ['pass', null],
    ]);
  });

  it('that no core takes is refused', async () => {
    const { client } = await startRig();
    await expect(client.message({ id: -1 }, text('a'))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(client.message({ to: 'a\0b' }, text('a'))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(client.message({ to: 'a'.repeat(65_537) }, text('a'))).rejects.toMatchObject({
      code: 'MESSAGE_TOO_LARGE',
    });
    await expect(client.message({}, 'text' as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    for (const address of ['a\0', 'a\ud800']) {
      const refused = { code: 'INVALID_ARGUMENT' };
      await expect(client.login({ address })).rejects.toMatchObject(refused);
      await expect(client.status({ from: address }, 1)).rejects.toMatchObject(refused);
      expect(() => client.reportStatus('id', 1, { to: address })).toThrow(expect.objectContaining(refused));
    }
    expect(client.stats.events).toBe(0);
  });

  it('that is over max_message, or that the core refuses, has the default verdict', async () => {
    const { gateway, client } = await startRig({ onUnreachable: 'consume' });
    const core = await gateway.meet({ maxMessage: 4 });
    const large = await client.message(PARAMS, text('12345'));
    expect(large).toMatchObject({
      verdict: 'consumed',
      by: null,
      reason: 'too-large',
      unreachable: true,
      eventId: null,
    });
    const asked = client.message(PARAMS, text('1234'));
    const { id } = await core.event();
    core.say(outcomeOf(id, { failure: failureOf('CORE_STOPPING', 'the core is stopping') }));
    expect(await asked).toMatchObject({ verdict: 'consumed', reason: 'refused', unreachable: true });
    expect(client.stats.defaults).toEqual({ 'too-large': 1, refused: 1 });
  });

  it('that no module wants passes without being sent, until a module wants it', async () => {
    const { gateway, client } = await startRig({ onUnreachable: 'consume' });
    const core = await gateway.meet({ callbacks: ['on_login'] });
    expect(await client.message(PARAMS, text('a'))).toMatchObject({
      verdict: 'pass',
      reason: null,
      unreachable: false,
    });
    expect(client.stats).toMatchObject({ unwanted: 1, defaults: {} });
    expect([...client.callbacks]).toEqual(['on_login']);
    const changed = once(client, 'callbacks');
    core.welcome({ callbacks: ['on_message'] });
    await changed;
    const asked = client.message(PARAMS, text('b'));
    const { id, event } = await core.event();
    expect(`${event.payload}`).toBe('b');
    core.say(outcomeOf(id));
    await asked;
    expect(client.stats.connects).toBe(1);
  });
});

describe('many events', () => {
  it('of one turn leave in one write', async () => {
    const { gateway, client } = await startRig();
    const core = await gateway.meet();
    await once(client, 'up');
    const before = core.reads;
    const asked = Array.from({ length: 50 }, (_, i) => client.message(PARAMS, text(`${i}`)));
    for (let i = 0; i < 50; i++) core.say(outcomeOf((await core.event()).id));
    await Promise.all(asked);
    expect(core.reads - before).toBe(1);
  });

  it('keep within the window; the others wait in order, up to a limit', async () => {
    const { gateway, client, warnings } = await startRig({ maxWaiting: 3 });
    const core = await gateway.meet({ window: 2 });
    await once(client, 'up');
    const asked = Array.from({ length: 6 }, (_, i) => client.message(PARAMS, text(`${i}`)));
    expect(client.stats).toMatchObject({ inFlight: 2, waiting: 3 });
    expect(await asked[5]).toMatchObject({ verdict: 'pass', reason: 'full', unreachable: true });
    const seen = [];
    for (let i = 0; i < 5; i++) {
      const { id, event } = await core.event();
      seen.push(`${event.payload}`);
      expect(core.waiting.length).toBeLessThan(2);
      core.say(outcomeOf(id));
    }
    expect(seen).toEqual(['0', '1', '2', '3', '4']);
    await Promise.all(asked);
    expect(client.stats).toMatchObject({ inFlight: 0, waiting: 0, defaults: { full: 1 } });
    expect(warnings).toEqual(['1 event has a default verdict: full: 3 events wait already']);
  });

  it('have their outcomes in whatever order the core gives them', async () => {
    const { gateway, client } = await startRig();
    const core = await gateway.meet();
    const asked = Array.from({ length: 100 }, (_, i) => client.message(PARAMS, text(`${i}`)));
    const events = [];
    for (let i = 0; i < 100; i++) events.push(await core.event());
    for (const { id, event } of events.reverse()) core.say(outcomeOf(id, { payload: text(`${event.payload}!`) }));
    const payloads = (await Promise.all(asked)).map(({ payload }) => `${payload}`);
    expect(payloads).toEqual(Array.from({ length: 100 }, (_, i) => `${i}!`));
  });
});
