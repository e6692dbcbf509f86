/** What modules send, from a real module to a server that takes it, over restarts. */

import { rmSync } from 'node:fs';
import type { ConfigOptions, Supervisor } from 'mesibo-modules';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Sends } from '../../src/sends/sends.js';
import type { SendsSupervisor } from '../../src/sends/types.js';
import { TakingServer } from '../helpers/taking-server.js';
import { fixtureModule, fixtureOf, makeTempDir, patientConfig, TestCore } from './core.js';

let core: TestCore;
let sends: Sends;
let said: string[];
let stateDir: string;

beforeEach(() => {
  stateDir = makeTempDir();
});
afterEach(async () => {
  await stop();
  rmSync(stateDir, { recursive: true });
});

/** A core that keeps what modules send in the state directory of the test. */
async function start(options: ConfigOptions): Promise<void> {
  said = [];
  sends = new Sends(patientConfig(options), { say: (_, text) => said.push(text) });
  core = new TestCore(options, {}, { sendKeeper: sends });
  await sends.open(stateDir);
  sends.use(core.supervisor as Supervisor & SendsSupervisor);
  await core.start();
}

async function stop(): Promise<void> {
  await core.close();
  await sends.close();
}

/** A message that comes from a server. */
function event(text: string, eventId: bigint, server = 'prosody'): Promise<unknown> {
  const origin = { server, eventId, hops: 0 };
  return core.supervisor.onMessage({ from: 'alice', to: 'bob' }, Buffer.from(text), { origin });
}

const upTo = (count: number) => Array.from({ length: count }, (_, i) => `sent ${i + 1}`);

describe('a message that a module sends', () => {
  it('reaches the server whose event caused it, with the id of that event, in order and once', async () => {
    await start({ modules: [fixtureModule('sends-many')] });
    const prosody = new TakingServer(sends, 'prosody', { acknowledge: true });
    const other = new TakingServer(sends, 'other', { acknowledge: true });
    await event('500', 7n);
    await prosody.gets(500);
    expect(prosody.texts).toEqual(upTo(500));
    expect(prosody.got.every(({ cause, module }) => cause?.eventId === 7n && module === 'sends_many')).toBe(true);
    expect(other.got).toEqual([]);
    expect(core.module('sends_many').sends).toMatchObject({ total: 500, undelivered: 0 });
  });

  it('waits over a stop and a start, even when it is sent during the stop', async () => {
    await start({ modules: [fixtureModule('sends-many')] });
    const first = new TakingServer(sends, 'prosody', { window: 10 });
    await event('100', 7n);
    await first.gets(10);
    first.attachment.acknowledge(first.got[0]?.sentId ?? '');
    const late = event('5', 8n);
    await stop();
    await late;

    await start({ modules: [fixtureModule('sends-many')] });
    expect(sends.counters().waiting).toBe(104);
    const second = new TakingServer(sends, 'prosody', { acknowledge: true });
    await second.gets(104);
    expect(second.texts).toEqual([...upTo(100).slice(1), ...upTo(5)]);
    expect(second.got[0]?.sentId).toBe(first.got[1]?.sentId);
    expect(second.got.at(-1)?.cause?.eventId).toBe(8n);
  });

  it('gets its status by the sent id alone, also when it waited for another core', async () => {
    const module = fixtureOf('2020', 'statuses');
    await start({ modules: [module] });
    await event('7 1152921504606846977', 1n);
    await stop();
    await start({ modules: [module] });
    const server = new TakingServer(sends, 'prosody', { acknowledge: true });
    await server.gets(1);
    await core.supervisor.onMessageStatus({}, 2, { sentId: server.got[0]?.sentId ?? '' });
    expect(core.lines(module.name)).toEqual(['status=2 id=7 flags=1152921504606846977 from=bob to=alice']);
  });

  it('gets the status 0x80 when a server refuses it, and when it has waited too long', async () => {
    const module = fixtureOf('2020', 'statuses');
    await start({ modules: [module], sendTtlMs: 300 });
    const server = new TakingServer(sends, 'prosody', { window: 1 });
    await event('7', 1n);
    await event('8', 1n);
    await server.gets(1);
    server.attachment.detach();
    await core.until(() => core.lines(module.name).length === 2);
    const again = new TakingServer(sends, 'prosody');
    await event('9', 1n);
    await again.gets(1);
    again.attachment.refuse(again.got[0]?.sentId ?? '');
    await core.until(() => core.lines(module.name).length === 3);
    expect(core.lines(module.name)).toEqual([7, 8, 9].map((id) => `status=128 id=${id} flags=0 from=bob to=alice`));
    while (sends.counters().waiting > 0) await new Promise(setImmediate);
    expect(sends.counters()).toMatchObject({ refused: 1, expired: 2 });
  });

  it('has each status given to its module once and in order, even to a slow module', async () => {
    await start({ modules: [fixtureModule('slow-statuses', { deadlineMs: 400 })] });
    const server = new TakingServer(sends, 'prosody');
    await event('20', 1n);
    await server.gets(20);
    for (const { sentId } of server.got) server.attachment.refuse(sentId);
    await core.until(() => core.lines('slow_statuses').length === 20);
    expect(core.lines('slow_statuses')).toEqual(Array.from({ length: 20 }, (_, i) => `heard ${i + 1}: 128`));
    while (sends.counters().waiting > 0) await new Promise(setImmediate);
  });

  it('has its status kept while its module is down, and given in order when the module is back', async () => {
    const module = fixtureOf('2020', 'statuses');
    await start({ modules: [module] });
    const server = new TakingServer(sends, 'prosody', { acknowledge: true });
    await event('7', 1n);
    await event('8', 1n);
    await server.gets(2);
    const [seven, eight] = server.got.map(({ sentId }) => sentId) as [string, string];
    const give = (sentId: string, status: number) => sends.status({ sentId, status, params: {}, server: 'prosody' });
    await core.supervisor.stopModule(module.name);
    await Promise.all([give(seven, 1), give(eight, 1), give(seven, 2)]);
    expect(core.lines(module.name)).toEqual([]);
    await core.supervisor.startModule(module.name);
    await give(eight, 2);
    await core.until(() => core.lines(module.name).length === 4);
    const heard = ['status=1 id=7', 'status=1 id=8', 'status=2 id=7', 'status=2 id=8'];
    expect(core.lines(module.name)).toEqual(heard.map((line) => `${line} flags=0 from=bob to=alice`));
    await give(seven, 3);
    await core.until(() => core.lines(module.name).length === 5);
  });

  it('has only so many statuses kept while its module is down; the next status of the server is refused', async () => {
    const module = fixtureOf('2020', 'statuses');
    await start({ modules: [module] });
    const server = new TakingServer(sends, 'prosody', { acknowledge: true });
    await event('7', 1n);
    await server.gets(1);
    const sentId = server.got[0]?.sentId ?? '';
    await core.supervisor.stopModule(module.name);
    const given = await Promise.allSettled(
      Array.from({ length: 4100 }, () => sends.status({ sentId, status: 1, params: {}, server: 'prosody' })),
    );
    const refused = given.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
    expect(refused).toHaveLength(4);
    expect(refused[0]).toMatchObject({ code: 'STATUS_NOT_KEPT', module: module.name });
  });

  it('is refused while too many wait, and accepted again when a server has taken them', async () => {
    await start({ modules: [fixtureModule('sends-many')], sendQueue: 100 });
    // What is sent before the core has seen that it is too much is kept too.
    await event('90', 1n);
    await event('3', 1n);
    expect(core.lines('sends_many')).toEqual(['3 refused']);
    expect(sends.counters().waiting).toBe(90);
    const server = new TakingServer(sends, 'prosody', { acknowledge: true });
    await server.gets(90);
    while (sends.isFull('sends_many')) await new Promise(setImmediate);
    await event('1', 1n);
    await server.gets(91);
    expect(core.module('sends_many').sends).toMatchObject({ total: 91, refused: 3 });
  });
});

describe('with chain_sends', () => {
  const [ping, pong] = [
    fixtureOf('2020', 'generic', { chainSends: true }),
    fixtureOf('table', 'generic', { chainSends: true }),
  ];
  const RULES_TYPE = 0x73656c7572;

  it('a message that no module changes keeps every bit', async () => {
    await start({ modules: [fixtureModule('sends-latin1', { chainSends: true }), fixtureModule('sends-many')] });
    const server = new TakingServer(sends, 'prosody', { acknowledge: true });
    await event('x', 5n);
    await server.gets(1);
    const { params, payload } = server.got[0] as (typeof server.got)[number];
    expect(Buffer.from(params.to ?? []).equals(Buffer.alloc(30_000, 0xe4))).toBe(true);
    expect([params.flags?.toString(), Buffer.from(payload).toString()]).toEqual([String(2n ** 64n - 1n), 'x']);
    expect(core.module('sends_many').messages.pass).toBe(2);
  });

  it('modules that answer each other come to an end, and every message reaches the server', async () => {
    await start({ modules: [ping, pong] });
    const server = new TakingServer(sends, 'prosody', { acknowledge: true });
    await core.send('1 0 send 1 message', { type: RULES_TYPE });
    await event('to and fro', 5n);
    // Each of the two sends one because of the event, and one for each that the other has sent, eight times over.
    await server.gets(18);
    await sends.close();
    expect(server.got).toHaveLength(18);
    expect(new Set(server.texts)).toEqual(new Set(['to and fro']));
    expect(server.got.map(({ cause }) => [cause?.eventId, cause?.hops]).sort()).toEqual(
      Array.from({ length: 18 }, (_, i) => [5n, i >> 1]),
    );
    expect(said.filter((text) => text.includes('8 times in a row')).length).toBeGreaterThan(0);
  });
});
