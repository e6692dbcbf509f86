/** Messages of modules over HTTP: each is shown until it is acknowledged, to one reader of each name. */

import { expect, it, onTestFinished } from 'vitest';
import { HttpError } from '../../../src/http/failure.js';
import { Sends } from '../../../src/sends/sends.js';
import type { SendsSupervisor } from '../../../src/sends/types.js';
import { fromWireParams } from '../../../src/wire/params.js';
import { HttpRig, TOKEN } from '../../helpers/http-rig.js';

/** The limits of a test that waits for no reader to come again. */
const HASTY = { returnMs: 1 };

/** A request for a stream, as bytes. */
const streamRequest = (query = '') =>
  `GET /v1/sends${query} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${TOKEN}\r\n\r\n`;

/** A message, as bytes. */
function messageRequest(): string {
  const body = JSON.stringify({ from: 'alice', to: 'bob', text: 'hello' });
  const head = ['POST /v1/messages HTTP/1.1', 'Host: x', `Authorization: Bearer ${TOKEN}`];
  return [...head, 'Content-Type: application/json', `Content-Length: ${body.length}`, '', body].join('\r\n');
}

function sendAll(rig: HttpRig, ids: string[]): void {
  for (const sentId of ids) rig.sends.send({ sentId });
}

const ack = (rig: HttpRig, id: string, body: unknown = undefined, query = '') =>
  rig.ask('POST', `/v1/sends/${id}/ack${query}`, { body });

it('a send is shown once, and waits until it is acknowledged or refused', async () => {
  const rig = await HttpRig.start();
  const reading = await rig.read();
  expect(reading.status).toBe(200);
  expect(reading.response.headers).toMatchObject({ 'content-type': 'text/event-stream; charset=utf-8' });
  expect(await reading.next()).toEqual({ comment: 'sends come here' });
  rig.sends.send({ sentId: 'a', payload: Buffer.from('hello\nworld') });
  const event = await reading.next();
  expect(event).toMatchObject({ id: 'a' });
  expect(JSON.parse(event?.data ?? '')).toMatchObject({ module: 'm', sentId: 'a', message: 'hello\nworld' });
  sendAll(rig, ['b', 'c']);
  expect(await reading.sends(2)).toEqual(['b', 'c']);
  expect(rig.sends.waiting).toEqual(['a', 'b', 'c']);
  expect(rig.server.clients()).toMatchObject([{ server: 'http', takesSends: true, unacknowledged: 3 }]);
  expect(await ack(rig, 'a')).toMatchObject({ status: 200, json: { sentId: 'a' } });
  expect(await ack(rig, 'b', { refused: true })).toMatchObject({ status: 200 });
  // A reader whose answer got lost may ask again, and gets the same answer.
  expect(await ack(rig, 'a')).toMatchObject({ status: 200 });
  expect(await ack(rig, 'a', { refused: true })).toMatchObject({
    status: 404,
    json: { error: { code: 'SEND_UNKNOWN' } },
  });
  expect(await ack(rig, 'c', undefined, '?server=other')).toMatchObject({ status: 404 });
  expect(await ack(rig, 'nothing')).toMatchObject({ status: 404 });
  expect(rig.sends).toMatchObject({ acknowledged: ['a'], refused: ['b'], waiting: ['c'] });
});

it('a reader that comes again goes on after the last send that it has read, and may still acknowledge the earlier ones', async () => {
  const rig = await HttpRig.start();
  const first = await rig.read();
  sendAll(rig, ['a', 'b', 'c']);
  expect(await first.sends(3)).toEqual(['a', 'b', 'c']);
  await ack(rig, 'b');
  first.end();
  await expect.poll(() => rig.server.clients()).not.toContainEqual(expect.objectContaining({ takesSends: true }));
  // While it is away.
  expect(await ack(rig, 'a')).toMatchObject({ status: 200 });
  sendAll(rig, ['d']);
  const second = await rig.read('', { 'last-event-id': 'b' });
  expect(await second.next()).toEqual({ comment: 'continues after the last id' });
  expect(await second.sends(2)).toEqual(['c', 'd']);
  second.end();
  await expect.poll(() => rig.server.clients()).not.toContainEqual(expect.objectContaining({ takesSends: true }));
  const third = await rig.read();
  expect(await third.sends(2)).toEqual(['c', 'd']);
  for (const id of ['c', 'd']) await ack(rig, id);
  expect(rig.sends).toMatchObject({ acknowledged: ['b', 'a', 'c', 'd'], waiting: [] });
});

it('a reader that resumes from an unknown id is shown everything that is not acknowledged', async () => {
  const rig = await HttpRig.start();
  const first = await rig.read();
  sendAll(rig, ['a', 'b']);
  await first.sends(2);
  first.end();
  await expect.poll(() => rig.server.clients()).not.toContainEqual(expect.objectContaining({ takesSends: true }));
  const second = await rig.read('', { 'last-event-id': 'never' });
  expect(await second.next()).toEqual({
    comment: 'the last id is not known, so everything that is not acknowledged comes again',
  });
  expect(await second.sends(2)).toEqual(['a', 'b']);
});

it('a reader that does not come again leaves what it has not acknowledged to another server', async () => {
  const rig = await HttpRig.start({}, HASTY);
  const reading = await rig.read('?server=one');
  sendAll(rig, ['a', 'b']);
  await reading.sends(2);
  reading.end();
  await expect.poll(() => rig.sends.takers).toEqual([]);
  expect(await ack(rig, 'a', undefined, '?server=one')).toMatchObject({ status: 404 });
  const other = await rig.read('?server=two');
  expect(await other.sends(2)).toEqual(['a', 'b']);
});

it('each name has one reader at a time, unless the same reader comes again', async () => {
  const rig = await HttpRig.start();
  const first = await rig.read('?instance=1');
  await first.next();
  sendAll(rig, ['a']);
  expect(await first.sends(1)).toEqual(['a']);
  for (const query of ['', '?instance=2']) {
    expect(await rig.ask('GET', `/v1/sends${query}`)).toMatchObject({
      status: 409,
      json: { error: { code: 'SERVER_NAME_TAKEN', remedy: expect.stringContaining('?instance=') } },
    });
  }
  const second = await rig.read('?instance=1', { 'last-event-id': 'a' });
  sendAll(rig, ['b']);
  expect(await second.sends(1)).toEqual(['b']);
  let last = await first.next();
  while (last?.comment !== undefined) last = await first.next();
  expect(last).toMatchObject({ event: 'end', data: expect.stringContaining('SERVER_NAME_TAKEN') });
  expect(await first.next()).toBeNull();
});

it('a name that a server of another interface has gets no reader here, and the other way round', async () => {
  const rig = await HttpRig.start({}, { returnMs: 60_000 });
  const other = {
    instance: '',
    isOrphaned: false,
    yieldSends: () => undefined,
    resumeSends: () => undefined,
    giveUp: () => undefined,
    probe: () => undefined,
  };
  expect(rig.names.claim('chat', other)).toBe(true);
  expect(await rig.ask('GET', '/v1/sends?server=chat')).toMatchObject({ status: 409 });
  rig.names.release('chat', other);
  const reading = await rig.read('?server=chat');
  sendAll(rig, ['a']);
  await reading.sends(1);
  expect(rig.names.claim('chat', other)).toBe(false);
  reading.end();
  // The place of a reader that may come again does not keep out a reader that is there.
  await expect.poll(() => rig.names.claim('chat', other)).toBe(true);
  expect(rig.sends.takers).toEqual([]);
});

it('as many readers are remembered as there may be streams', async () => {
  const rig = await HttpRig.start({}, { streams: 2, returnMs: 60_000 });
  for (const server of ['a', 'b', 'c', 'd']) {
    const reading = await rig.read(`?server=${server}`);
    await reading.next();
    reading.end();
    await expect.poll(() => rig.server.clients()).not.toContainEqual(expect.objectContaining({ takesSends: true }));
  }
  expect(rig.sends.takers.map(({ server }) => server)).toEqual(['c', 'd']);
  const readings = [await rig.read('?server=e'), await rig.read('?server=f')];
  expect(readings.map(({ status }) => status)).toEqual([200, 200]);
  expect(await rig.ask('GET', '/v1/sends?server=g')).toMatchObject({
    status: 503,
    json: { error: { code: 'TOO_MANY_SERVERS' } },
  });
});

it('a reader that reads nothing makes the core hold little, is cut off, and loses nothing', async () => {
  const rig = await HttpRig.start(
    {},
    { sendWindow: 64, pauseBytes: 64 * 1024, stalledMs: 200, lookMs: 20, returnMs: 1 },
  );
  const caller = await rig.dial();
  caller.socket.pause();
  caller.say(streamRequest());
  await expect.poll(() => rig.sends.takers.length).toBe(1);
  const payload = Buffer.alloc(512 * 1024, 'x');
  const ids = Array.from({ length: 64 }, (_, i) => `s${i}`);
  for (const sentId of ids) rig.sends.send({ sentId, payload });
  await expect.poll(() => rig.warnings, { timeout: 20_000 }).toContainEqual(expect.stringContaining('was cut off'));
  await expect.poll(() => rig.sends.takers).toEqual([]);
  expect(rig.sends.waiting).toEqual(ids);
});

it('a reader that leaves while it is asked whether another one is there keeps nothing', async () => {
  const rig = await HttpRig.start({}, { returnMs: 500, probeMs: 100 });
  const first = await rig.read('?server=shop');
  expect(await first.next()).toEqual({ comment: 'sends come here' });
  sendAll(rig, ['a']);
  await first.sends(1);
  const second = await rig.dial();
  second.say(streamRequest('?server=shop'));
  expect(await first.next()).toEqual({ comment: 'somebody else asks for this name' });
  second.socket.destroy();
  first.end();
  await expect.poll(() => rig.server.clients()).toEqual([]);
  await expect.poll(() => rig.sends.takers, { timeout: 10_000 }).toEqual([]);
  const other = await rig.read('?server=other');
  expect(await other.sends(1)).toEqual(['a']);
});

it('a stream that is asked for behind another request begins when that is answered', async () => {
  const rig = await HttpRig.start();
  const caller = await rig.dial();
  caller.say(messageRequest() + streamRequest());
  expect(await caller.statuses(2)).toEqual([200, 200]);
  sendAll(rig, ['a']);
  await caller.until(() => caller.text.includes('id: a\n'));
  expect(rig.server.clients()).toMatchObject([{ takesSends: true, unacknowledged: 1 }]);
});

it('a reader that leaves before its stream could begin takes nothing', async () => {
  const rig = await HttpRig.start({}, HASTY);
  rig.sends.allowance = 0;
  const caller = await rig.dial();
  caller.say(messageRequest() + streamRequest());
  await expect.poll(() => rig.server.clients()).toMatchObject([{ inProgress: 1 }]);
  caller.socket.destroy();
  await expect.poll(() => rig.server.clients()).toEqual([]);
  expect(rig.sends.takers).toEqual([]);
  sendAll(rig, ['a']);
  const reading = await rig.read();
  expect(await reading.sends(1)).toEqual(['a']);
});

it('a send waits for its acknowledgement however many others come and go', async () => {
  const rig = await HttpRig.start({}, { rememberedSends: 2 });
  const reading = await rig.read();
  sendAll(rig, ['first']);
  await reading.sends(1);
  for (const id of ['a', 'b', 'c', 'd']) {
    sendAll(rig, [id]);
    await reading.sends(1);
    expect(await ack(rig, id)).toMatchObject({ status: 200 });
  }
  expect(await ack(rig, 'first')).toMatchObject({ status: 200 });
  expect(rig.sends.waiting).toEqual([]);
});

it('a send that was shown waits no longer than any other', async () => {
  const rig = await HttpRig.start({}, { lookMs: 20, returnMs: 60_000 });
  const reading = await rig.read();
  sendAll(rig, ['a', 'b']);
  await reading.sends(2);
  rig.sends.leftMs = 0;
  await expect.poll(() => rig.sends.waiting).toEqual([]);
  expect(rig.sends.expired).toEqual(['a', 'b']);
  expect(await ack(rig, 'a')).toMatchObject({ status: 404 });
  rig.sends.leftMs = 1000;
  sendAll(rig, ['c']);
  expect(await reading.sends(1)).toEqual(['c']);
  // Also while its reader is away.
  reading.end();
  await expect.poll(() => rig.server.clients()).toEqual([]);
  rig.sends.leftMs = 0;
  await expect.poll(() => rig.sends.expired).toEqual(['a', 'b', 'c']);
  rig.sends.leftMs = 1000;
  const again = await rig.read('', { 'last-event-id': 'c' });
  sendAll(rig, ['d']);
  expect(await again.sends(1)).toEqual(['d']);
});

it('after send_ttl a module gets the status 0x80 for a send that its server has read and never acknowledged', async () => {
  const settings = { sendQueue: 100, sendBytes: 1024 * 1024, sendTtlMs: 1000, modules: [] };
  const sends = new Sends(settings, { say: () => undefined });
  onTestFinished(() => sends.close());
  const told: unknown[] = [];
  const tellSender: SendsSupervisor['tellSender'] = async (_params, status, { sentId }) => {
    told.push([sentId, status]);
    return true;
  };
  sends.use({ submit: () => undefined, tellSender });
  await sends.open(null);
  const rig = await HttpRig.start({}, { lookMs: 20, returnMs: 60_000 }, { sends });
  const reading = await rig.read();
  const sent = { module: 'm', generation: 1, params: fromWireParams({}), payload: Buffer.from('hello'), cause: null };
  for (const sentId of ['x-m-1-1', 'x-m-1-2']) sends.keep({ ...sent, sentId }, {});
  expect(await reading.sends(2)).toEqual(['x-m-1-1', 'x-m-1-2']);
  expect(await ack(rig, 'x-m-1-1')).toMatchObject({ status: 200 });
  await expect.poll(() => told, { timeout: 10_000 }).toEqual([['x-m-1-2', 0x80]]);
  expect(sends.counters()).toMatchObject({ waiting: 0, unacknowledged: 0, delivered: 1, expired: 1 });
  expect(await ack(rig, 'x-m-1-2')).toMatchObject({ status: 404 });
});

it('an unacknowledged send is shown again to its reader, even when that has as many as it may have', async () => {
  const rig = await HttpRig.start({}, { sendWindow: 3, lookMs: 20, showAgainMs: 1000, returnMs: 60_000 });
  const first = await rig.read();
  sendAll(rig, ['a', 'b', 'c', 'd']);
  await first.sends(3);
  first.end();
  await expect.poll(() => rig.server.clients()).toEqual([]);
  const second = await rig.read('', { 'last-event-id': 'c' });
  expect(await second.next()).toEqual({ comment: 'continues after the last id' });
  expect(await ack(rig, 'b')).toMatchObject({ status: 200 });
  expect(await second.sends(3)).toEqual(['d', 'a', 'c']);
  for (const id of ['a', 'c', 'd']) expect(await ack(rig, id)).toMatchObject({ status: 200 });
  expect(rig.sends.waiting).toEqual([]);
});

it('a reader that comes again and again still gets its unacknowledged sends again', async () => {
  const rig = await HttpRig.start({}, { lookMs: 20, showAgainMs: 1000, returnMs: 60_000 });
  let reading = await rig.read();
  sendAll(rig, ['a', 'b']);
  await reading.sends(2);
  const shown: string[] = [];
  for (const deadline = Date.now() + 30_000; shown.length < 2 && Date.now() < deadline; ) {
    reading.end();
    await expect.poll(() => rig.server.clients()).toEqual([]);
    reading = await rig.read('', { 'last-event-id': 'b' });
    expect(await reading.next()).toEqual({ comment: 'continues after the last id' });
    const marker = `marker-${shown.length}-${Date.now()}`;
    sendAll(rig, [marker]);
    for (let id = ''; id !== marker; ) {
      [id = ''] = await reading.sends(1);
      if (id !== marker) shown.push(id);
    }
    await ack(rig, marker);
  }
  expect(shown).toEqual(['a', 'b']);
});

it('after sends were shown again, a reader may go on from one of them', async () => {
  const rig = await HttpRig.start();
  const first = await rig.read();
  sendAll(rig, ['a', 'b', 'c']);
  await first.sends(3);
  first.end();
  await expect.poll(() => rig.server.clients()).toEqual([]);
  const second = await rig.read();
  await second.sends(3);
  second.end();
  await expect.poll(() => rig.server.clients()).toEqual([]);
  const third = await rig.read('', { 'last-event-id': 'a' });
  expect(await third.sends(2)).toEqual(['b', 'c']);
});

it('the status of a send reaches its module, by name or by number', async () => {
  const rig = await HttpRig.start();
  const told: unknown[] = [];
  rig.sends.tell = async (params, status, { sentId, origin }) => {
    told.push({ params, status, sentId, server: origin?.server });
    return true;
  };
  const reading = await rig.read('?server=shop');
  sendAll(rig, ['a', 'b']);
  await reading.sends(2);
  const say = (id: string, body: unknown) => rig.ask('POST', `/v1/sends/${id}/status?server=shop`, { body });
  expect(await say('a', { status: 'delivered' })).toMatchObject({ status: 200, json: { sentId: 'a' } });
  expect(await say('a', { status: '3', to: 'bob' })).toMatchObject({ status: 200 });
  expect(await say('b', { status: 'refused' })).toMatchObject({ status: 200 });
  expect(await say('b', { status: 'refused' })).toMatchObject({ status: 200 });
  expect(await say('a', { status: 'eaten' })).toMatchObject({ status: 400 });
  expect(await say('a', {})).toMatchObject({ status: 400 });
  expect(told).toEqual([
    { params: {}, status: 2, sentId: 'a', server: 'shop' },
    { params: { to: 'bob' }, status: 3, sentId: 'a', server: 'shop' },
  ]);
  expect(rig.sends).toMatchObject({ refused: ['b'], waiting: ['a'] });
});

it('a server refuses only its own sends, and the module hears that once', async () => {
  const rig = await HttpRig.start({}, HASTY);
  const told: unknown[] = [];
  let isFull = false;
  rig.sends.tell = async (_params, status, { sentId }) => {
    if (isFull) throw new HttpError(503, 'STATUS_NOT_KEPT', 'too many statuses wait');
    told.push([sentId, status]);
    return true;
  };
  const refuse = async (id: string, server = 'shop', status: unknown = 'refused') =>
    (await rig.ask('POST', `/v1/sends/${id}/status?server=${server}`, { body: { status } })).status;
  const reading = await rig.read('?server=shop');
  sendAll(rig, ['waits', 'refused', 'taken', 'number']);
  await reading.sends(4);
  // The sends of others, and unknown ones.
  expect(await refuse('waits', 'other')).toBe(404);
  expect(await refuse('waits', 'other', 0x80)).toBe(404);
  expect(await refuse('nothing')).toBe(404);
  // While the send waits, the status refuses it, even when it is given twice.
  for (let times = 0; times < 2; times += 1) {
    expect(await refuse('refused')).toBe(200);
    expect(await refuse('number', 'shop', '128')).toBe(200);
  }
  expect(told).toEqual([]);
  expect(rig.sends.refused).toEqual(['refused', 'number']);
  // A send that it has taken may fail later, even after its stream has ended.
  expect(await ack(rig, 'taken', undefined, '?server=shop')).toMatchObject({ status: 200 });
  reading.end();
  await expect.poll(() => rig.sends.takers).toEqual([]);
  expect(await refuse('waits')).toBe(404);
  isFull = true;
  expect(await refuse('taken')).toBe(503);
  isFull = false;
  expect(await refuse('taken', 'other')).toBe(404);
  expect([await refuse('taken'), await refuse('taken')]).toEqual([200, 200]);
  expect(await ack(rig, 'taken', undefined, '?server=shop')).toMatchObject({ status: 200 });
  expect(told).toEqual([['taken', 0x80]]);
  expect(await refuse('refused')).toBe(200);
  expect(rig.sends).toMatchObject({ acknowledged: ['taken'], refused: ['refused', 'number'], waiting: ['waits'] });
});

it('a stream ends when a reload changes the token that opened it', async () => {
  const rig = await HttpRig.start({}, { probeMs: 500 });
  const reading = await rig.read();
  expect(await reading.next()).toEqual({ comment: 'sends come here' });
  sendAll(rig, ['a', 'b']);
  await reading.sends(2);
  // The same token again is not another token.
  expect(rig.server.changeToken(TOKEN)).toBe(false);
  sendAll(rig, ['c']);
  expect(await reading.sends(1)).toEqual(['c']);
  // A reader that has asked for a stream and waits for it gets none.
  const late = rig.ask('GET', '/v1/sends');
  expect(await reading.next()).toEqual({ comment: 'somebody else asks for this name' });
  expect(rig.server.changeToken('another-token-of-16')).toBe(true);
  expect(await reading.next()).toMatchObject({ event: 'end', data: expect.stringContaining('TOKEN_WRONG') });
  expect(await reading.next()).toBeNull();
  expect(await late).toMatchObject({ status: 401, json: { error: { code: 'TOKEN_WRONG' } } });
  expect((await rig.read()).status).toBe(401);
  const again = await rig.read('', { authorization: 'Bearer another-token-of-16', 'last-event-id': 'b' });
  expect(await again.sends(1)).toEqual(['c']);
});
