/** Callers that are slow, talk nonsense, or come in masses. */

import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { sample } from '../../e2e/core.js';
import { HttpRig, type RawCaller, TOKEN } from '../../helpers/http-rig.js';
import { makeTempDir } from '../../helpers/temp-dir.js';

const FILTER = { name: 'filter', path: sample('filter'), config: { blocked_words: 'heck' } };
const AUTHORIZATION = `Authorization: Bearer ${TOKEN}`;

/** A whole request with a message. */
function messageRequest(text: string, extra: string[] = []): string {
  const body = JSON.stringify({ from: 'alice', to: 'bob', text });
  const head = ['POST /v1/messages HTTP/1.1', 'Host: core', AUTHORIZATION, 'Content-Type: application/json', ...extra];
  return [...head, `Content-Length: ${Buffer.byteLength(body)}`, '', body].join('\r\n');
}

/** The bodies of all answers that came. */
function codesOf({ text }: RawCaller): string[] {
  return [...text.matchAll(/"code":"(\w+)"/g)].map(([, code = '']) => code);
}

it.each([
  ['no JSON', '{"from"', 'REQUEST_INVALID', /is not JSON/],
  ['nothing', '', 'REQUEST_INVALID', /is not JSON/],
  ['no object', '[]', 'REQUEST_INVALID', /the body is a list; it must be an object/],
  ['bytes that are not UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), 'REQUEST_INVALID', /is not UTF-8/],
  ['a message in null', 'null', 'REQUEST_INVALID', /the message has no text and no payload/],
  ['a message in {}', {}, 'REQUEST_INVALID', /the message has no text and no payload/],
  ['addresses alone', { from: 'a', to: 'b', text: null }, 'REQUEST_INVALID', /no text and no payload/],
  ['unknown fields', { text: 'x', frm: 'a', __proto_: 1 }, 'REQUEST_INVALID', /unknown fields: "frm", "__proto_"/],
  ['a key that objects have', '{"__proto__": {"text": "x"}}', 'REQUEST_INVALID', /unknown field: "__proto__"/],
  ['text and payload', { text: 'x', payload: 'eA==' }, 'REQUEST_INVALID', /text or payload, and not both/],
  ['a payload that is no base64', { payload: '%' }, 'REQUEST_INVALID', /payload is "%"; it must be base64/],
  ['a number that is none', { text: 'x', id: -1 }, 'REQUEST_INVALID', /id is -1; it must be a whole number/],
  ['a number that was rounded', '{"id": 9007199254740993}', 'REQUEST_INVALID', /from 2\^53 on a string of digits/],
  ['a number over 64 bits', { id: '18446744073709551616' }, 'REQUEST_INVALID', /from 0 to 2\^64-1/],
  ['an address with a NUL', { from: 'a\0b' }, 'INVALID_ARGUMENT', /from has a NUL inside/],
  [
    'half a character in an address',
    '{"text": "x", "from": "\\udc00"}',
    'REQUEST_INVALID',
    /from has half of a surrogate pair/,
  ],
  ['half a character', '{"text": "\\ud800"}', 'REQUEST_INVALID', /half of a surrogate pair/],
  ['too deep', `{"text": ${'['.repeat(5000)}${']'.repeat(5000)}}`, 'REQUEST_INVALID', /the body is nested/],
  ['too many parts', `{"text": [${'0,'.repeat(200_000)}0]}`, 'REQUEST_INVALID', /the body has more than/],
])('a body with %s is refused in words, and no module sees it', async (_, body, code, message) => {
  const rig = await HttpRig.start();
  const headers = { 'content-type': 'application/json' };
  const answer = await rig.ask('POST', '/v1/messages', { body, headers });
  expect(answer).toMatchObject({ status: 400, json: { error: { code, message: expect.stringMatching(message) } } });
});

it('an event that says nothing is refused, without a body too, and an empty message is one', async () => {
  const rig = await HttpRig.start();
  const ask = async (path: string, body?: unknown) => (await rig.ask('POST', path, { body })).status;
  expect(await ask('/v1/messages')).toBe(400);
  expect(await ask('/v1/messages', { text: '' })).toBe(200);
  expect(await ask('/v1/messages', { payload: '' })).toBe(200);
  for (const body of [undefined, 'null', {}, { online: true }, { address: null }]) {
    expect(await ask('/v1/logins', body)).toBe(400);
  }
  expect(await ask('/v1/logins', { address: '' })).toBe(200);
});

it('the state of a user is true, false or a number, and anything else is refused in these words', async () => {
  const rig = await HttpRig.start();
  const ask = (online: unknown) => rig.ask('POST', '/v1/logins', { body: { address: 'alice', online } });
  for (const online of [true, false, 1, '0']) expect(await ask(online)).toMatchObject({ status: 200 });
  for (const online of ['yes', -1, {}]) {
    const message = expect.stringMatching(/online is .*; it must be true, false, or a whole number from 0 to 2\^64-1/);
    expect(await ask(online)).toMatchObject({ status: 400, json: { error: { code: 'REQUEST_INVALID', message } } });
  }
});

it('a body that is not JSON by its headers is refused, as are unknown paths, methods and parameters', async () => {
  const rig = await HttpRig.start();
  const body = { text: 'x' };
  const ask = async (...args: Parameters<HttpRig['ask']>) => {
    const { status, json } = await rig.ask(...args);
    return [status, json.error.code];
  };
  const media = { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body };
  expect(await ask('POST', '/v1/messages', media)).toEqual([415, 'MEDIA_TYPE_UNKNOWN']);
  expect(await ask('POST', '/v1/messages', { headers: { 'content-type': '' }, body })).toEqual([
    415,
    'MEDIA_TYPE_UNKNOWN',
  ]);
  const packed = { headers: { 'content-encoding': 'gzip' }, body };
  expect(await ask('POST', '/v1/messages', packed)).toEqual([415, 'MEDIA_TYPE_UNKNOWN']);
  expect(await ask('GET', '/v1/nothing')).toEqual([404, 'ROUTE_UNKNOWN']);
  expect(await ask('GET', '/v1/messages')).toEqual([405, 'ROUTE_UNKNOWN']);
  expect(await ask('PUT', '/v1/messages', { body })).toEqual([405, 'ROUTE_UNKNOWN']);
  expect(await ask('GET', '/%zz')).toEqual([400, 'REQUEST_INVALID']);
  expect(await ask('POST', '/v1/messages?sever=x', { body })).toEqual([400, 'REQUEST_INVALID']);
  expect(await ask('POST', '/v1/messages?server=a&server=b', { body })).toEqual([400, 'REQUEST_INVALID']);
  expect(await ask('POST', '/v1/messages?server=a%20b', { body })).toEqual([400, 'REQUEST_INVALID']);
  expect(await ask('GET', '/healthz?x=1')).toEqual([400, 'REQUEST_INVALID']);
});

it('a body of 10 MB is refused, before it comes when its length is announced, and the connection can be used again', async () => {
  const rig = await HttpRig.start();
  const text = 'x'.repeat(10_000_000);
  const announced = await rig.ask('POST', '/v1/messages', { body: { text } });
  expect(announced).toMatchObject({ status: 413, json: { error: { code: 'MESSAGE_TOO_LARGE' } } });
  const chunked = { body: { text }, headers: { 'transfer-encoding': 'chunked' } };
  expect(await rig.ask('POST', '/v1/messages', chunked)).toMatchObject({ status: 413 });
  // One that fits into a body, and is over max_message.
  const large = await rig.ask('POST', '/v1/messages', { body: { text: 'x'.repeat(1024 * 1024 + 1) } });
  expect(large).toMatchObject({ status: 413, json: { error: { code: 'MESSAGE_TOO_LARGE' } } });
  const caller = await rig.dial();
  const head = ['POST /v1/messages HTTP/1.1', 'Host: core', AUTHORIZATION, 'Content-Type: application/json'];
  caller.say([...head, 'Content-Length: 10000000', '', ''].join('\r\n'));
  expect(await caller.statuses(1)).toEqual([413]);
  caller.say('x'.repeat(10_000_000));
  caller.say(messageRequest('hello'));
  expect(await caller.statuses(2)).toEqual([413, 200]);
});

it('a caller with Expect: 100-continue gets a refusal before sending the body, or else is asked to send it', async () => {
  const rig = await HttpRig.start();
  const head = (length: number, token: string) =>
    ['POST /v1/messages HTTP/1.1', 'Host: core', `Authorization: Bearer ${token}`, 'Content-Type: application/json']
      .concat('Expect: 100-continue', `Content-Length: ${length}`, '', '')
      .join('\r\n');
  for (const [length, token, status] of [
    [10_000_000, TOKEN, 413],
    [20, 'wrong', 401],
  ] as const) {
    const caller = await rig.dial();
    caller.say(head(length, token));
    await caller.ended();
    expect(await caller.statuses(1)).toEqual([status]);
  }
  const looking = await rig.dial();
  looking.say('GET /healthz HTTP/1.1\r\nHost: core\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n');
  await looking.ended();
  expect(await looking.statuses(1)).toEqual([200]);
  const caller = await rig.dial();
  const body = JSON.stringify({ text: 'hello' });
  caller.say(head(body.length, TOKEN));
  expect(await caller.statuses(1)).toEqual([100]);
  caller.say(body);
  expect(await caller.statuses(2)).toEqual([100, 200]);
});

it('a request that comes a byte at a time is given up, be it a head, a body, or nothing at all', async () => {
  const limits = { headMs: 300, requestMs: 600, lookMs: 20 };
  for (const address of ['tcp', 'unix'] as const) {
    const rig = await HttpRig.start(
      {},
      limits,
      address === 'tcp' ? {} : { address: { kind: 'unix', path: join(makeTempDir(), 's') } },
    );
    const request = messageRequest('x'.repeat(1000));
    const headLength = request.indexOf('\r\n\r\n') + 4;
    const callers = [await rig.dial(), await rig.dial(), await rig.dial()] as const;
    callers[2].say(request.slice(0, headLength));
    const timer = setInterval(() => {
      callers[1].say(request[callers[1].socket.bytesWritten] ?? '');
      callers[2].say(request[callers[2].socket.bytesWritten] ?? '');
    }, 10);
    for (const caller of callers) {
      await caller.ended();
      expect(await caller.statuses(1)).toEqual([408]);
      expect(codesOf(caller)).toEqual(['REQUEST_TOO_SLOW']);
    }
    clearInterval(timer);
    await expect.poll(() => rig.server.clients()).toEqual([]);
  }
});

it('pipelined requests are answered in their order, and their messages keep it', async () => {
  const rig = await HttpRig.start({ modules: [FILTER] });
  const caller = await rig.dial();
  const texts = Array.from({ length: 50 }, (_, i) => (i % 7 === 0 ? `heck ${i}` : `hello ${i}`));
  caller.say(texts.map((text) => messageRequest(text)).join(''));
  expect(await caller.statuses(texts.length)).toEqual(texts.map(() => 200));
  const answered = [...caller.text.matchAll(/"verdict":"(\w+)","by":[^,]+,"message":"([^"]+)"/g)].map(
    ([, verdict, message]) => [verdict, message],
  );
  expect(answered).toEqual(texts.map((text) => [text.startsWith('heck') ? 'consumed' : 'pass', text]));
});

it('one connection has only so many requests in progress', async () => {
  const rig = await HttpRig.start({}, { pipelined: 4 });
  const caller = await rig.dial();
  rig.sends.allowance = 0;
  caller.say(messageRequest('hello').repeat(8));
  await expect.poll(() => rig.server.clients()).toMatchObject([{ inProgress: 4 }]);
  rig.sends.hasRoom();
  expect(await caller.statuses(8)).toEqual([200, 200, 200, 200, 429, 429, 429, 429]);
});

it.each([
  ['two lengths', ['Content-Length: 3', 'Content-Length: 30']],
  ['a length, and chunks', ['Content-Length: 3', 'Transfer-Encoding: chunked']],
  ['chunks, and a length', ['Transfer-Encoding: chunked', 'Content-Length: 3']],
  ['an encoding that ends with no chunks', ['Transfer-Encoding: chunked, identity']],
  ['a space before a colon', ['Transfer-Encoding : chunked']],
  ['a line that goes on', ['X: a', ' b', 'Content-Length: 3']],
  ['a length with a sign', ['Content-Length: +3']],
  ['a bare line feed', ['X: a\nContent-Length: 3']],
])('a request with %s is refused, and nothing behind it is taken for another one', async (_, lines) => {
  const rig = await HttpRig.start({ modules: [FILTER] });
  const caller = await rig.dial();
  const head = ['POST /v1/messages HTTP/1.1', 'Host: core', AUTHORIZATION, 'Content-Type: application/json', ...lines];
  caller.say([...head, '', '0\r\n\r\n', messageRequest('smuggled')].join('\r\n'));
  await caller.ended();
  expect(await caller.statuses(1)).toEqual([400]);
  expect(codesOf(caller)).toEqual(['REQUEST_INVALID']);
  expect(rig.supervisor.status().modules[0]?.messages.total).toBe(0);
});

it('bytes that are not a request get no answer that belongs to the request before them', async () => {
  const rig = await HttpRig.start({ modules: [FILTER] });
  rig.sends.allowance = 0;
  const caller = await rig.dial();
  caller.say(`${messageRequest('what the heck')}NONSENSE\r\n\r\n`);
  await expect.poll(() => rig.server.clients()).toMatchObject([{ inProgress: 1 }]);
  rig.sends.hasRoom();
  await caller.ended();
  expect(await caller.statuses(2)).toEqual([200, 400]);
  expect(caller.text).toMatch(/consumed.*REQUEST_INVALID/s);
  // The same in the middle of a body: its request has one answer.
  const other = await rig.dial();
  const head = ['POST /v1/messages HTTP/1.1', 'Host: core', AUTHORIZATION, 'Content-Type: application/json'];
  other.say([...head, 'Transfer-Encoding: chunked', '', '2', '{}', 'nonsense', ''].join('\r\n'));
  await other.ended();
  expect(await other.statuses(1)).toEqual([400]);
});

it('bytes of any kind do not affect the core', async () => {
  const rig = await HttpRig.start({ modules: [FILTER] });
  const whole = Buffer.from(messageRequest('hello') + messageRequest('heck', ['Expect: 100-continue', 'X: y']));
  const change = fc.record({ at: fc.nat(whole.length - 1), length: fc.nat(4), by: fc.uint8Array({ maxLength: 4 }) });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
      const bytes = changes.reduce(
        (text, { at, length, by }) => Buffer.concat([text.subarray(0, at), by, text.subarray(at + length)]),
        whole,
      );
      const caller = await rig.dial();
      caller.say(bytes);
      caller.socket.end();
      await caller.ended();
      // Everything that looks like a response is one, and there are no more responses than requests.
      const statuses = (await caller.statuses(0)).filter((status) => status !== 100);
      expect(statuses.length).toBeLessThanOrEqual(3);
      expect(statuses).not.toContain(500);
    }),
    { numRuns: 200 },
  );
  expect(await rig.ask('POST', '/v1/messages', { body: { text: 'heck' } })).toMatchObject({ json: { by: 'filter' } });
  await expect.poll(() => rig.server.clients()).toEqual([]);
});

it('a head that is too large, or without a host, is refused', async () => {
  const rig = await HttpRig.start();
  const large = await rig.dial();
  large.say(`GET /healthz HTTP/1.1\r\nHost: core\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`);
  expect(await large.statuses(1)).toEqual([431]);
  const hostless = await rig.dial();
  hostless.say('GET /healthz HTTP/1.1\r\n\r\n');
  expect(await hostless.statuses(1)).toEqual([400]);
});

it.each([
  ['no Host', ['GET /healthz HTTP/1.1'], 400, 'REQUEST_INVALID'],
  ['CONNECT', ['CONNECT a:1 HTTP/1.1', 'Host: a:1'], 405, 'ROUTE_UNKNOWN'],
  ['another expectation', ['POST /v1/calls HTTP/1.1', 'Host: core', 'Expect: foo'], 401, 'TOKEN_WRONG'],
  [
    'another coding',
    ['GET /healthz HTTP/1.1', 'Host: core', 'Transfer-Encoding: gzip, chunked'],
    501,
    'REQUEST_INVALID',
  ],
  ['a path that cannot be decoded', ['POST /v1/sends/%zz/ack HTTP/1.1', 'Host: core'], 401, 'TOKEN_WRONG'],
  [
    'the same with the token',
    [`POST /v1/sends/%zz${'x'.repeat(3000)}/ack HTTP/1.1`, 'Host: core', AUTHORIZATION],
    400,
    'REQUEST_INVALID',
  ],
  ['an id that is too long', [`POST /v1/sends/${'x'.repeat(5000)}/ack HTTP/1.1`, 'Host: core'], 401, 'TOKEN_WRONG'],
  [
    'the same with the token',
    [`POST /v1/sends/${'x'.repeat(5000)}/ack HTTP/1.1`, 'Host: core', AUTHORIZATION],
    400,
    'REQUEST_INVALID',
  ],
])('a request with %s has a failure in the usual form', async (_, lines, status, code) => {
  const rig = await HttpRig.start();
  const caller = await rig.dial();
  const isChunked = lines.some((line) => line.includes('chunked'));
  caller.socket.end([...lines, '', isChunked ? '0\r\n\r\n' : ''].join('\r\n'));
  await caller.ended();
  expect([await caller.statuses(1), codesOf(caller)]).toEqual([[status], [code]]);
  expect(caller.text.length).toBeLessThan(1000);
});

it('2,000 idle connections keep nobody out', async () => {
  const rig = await HttpRig.start({ modules: [FILTER] }, { connections: 50 });
  const kept = await rig.dial();
  kept.say(messageRequest('hello'));
  await kept.statuses(1);
  const reading = await rig.read();
  const callers: RawCaller[] = [];
  for (let i = 0; i < 2000; i++) callers.push(await rig.dial());
  expect(await rig.ask('POST', '/v1/messages', { body: { text: 'heck' } })).toMatchObject({ json: { by: 'filter' } });
  expect(rig.server.clients().length).toBeLessThanOrEqual(50);
  // Connections that have asked before stay, as do those with something in progress.
  kept.say(messageRequest('hello'));
  expect(await kept.statuses(2)).toEqual([200, 200]);
  rig.sends.send({ sentId: 'a' });
  expect(await reading.sends(1)).toEqual(['a']);
  await expect.poll(() => callers.filter(({ hasEnded }) => hasEnded).length).toBeGreaterThanOrEqual(1950);
  expect(rig.warnings).toEqual([expect.stringContaining('more than 50 connections came')]);
});

it('when every connection is in use, the next one gets an error', async () => {
  const rig = await HttpRig.start({}, { connections: 2 });
  const readings = [await rig.read('?server=a'), await rig.read('?server=b')];
  const caller = await rig.dial();
  await caller.ended();
  expect(codesOf(caller)).toEqual(['TOO_MANY_REQUESTS']);
  for (const reading of readings) expect(reading.response.destroyed).toBe(false);
});

it('bodies that come together make the core hold only so much', async () => {
  const rig = await HttpRig.start({}, { allBodyBytes: 100_000 });
  const half = messageRequest('x'.repeat(80_000));
  const callers = [await rig.dial(), await rig.dial()] as const;
  callers[0].say(half.slice(0, 60_000));
  await expect.poll(() => rig.server.clients().length).toBe(2);
  callers[1].say(half);
  expect(await callers[1].statuses(1)).toEqual([503]);
  callers[0].say(half.slice(60_000));
  expect(await callers[0].statuses(1)).toEqual([200]);
  callers[1].say(half);
  expect(await callers[1].statuses(2)).toEqual([503, 200]);
});

it('answers that nobody reads make the core hold only so much', async () => {
  const limits = { allUnreadBytes: 8 * 1024 * 1024, stalledMs: 60_000, lookMs: 20 };
  const rig = await HttpRig.start({}, limits);
  const request = messageRequest('x'.repeat(1024 * 1024));
  const callers: RawCaller[] = [];
  for (let i = 0; i < 16; i++) {
    const caller = await rig.dial();
    caller.socket.pause();
    for (let n = 0; n < 12; n++) caller.say(request);
    callers.push(caller);
  }
  const closed = () => callers.filter(({ socket }) => socket.destroyed || socket.errored !== null).length;
  await expect.poll(closed, { timeout: 30_000 }).toBeGreaterThan(0);
  expect(rig.warnings[0]).toMatch(
    /a caller for http was cut off, because it has left \d+ bytes unread, and all callers/,
  );
  expect(await rig.ask('POST', '/v1/messages', { body: { text: 'x' } })).toMatchObject({ status: 200 });
});

it('a caller that reads no answers is cut off', async () => {
  const rig = await HttpRig.start({}, { stalledMs: 200, lookMs: 20 });
  const caller = await rig.dial();
  caller.socket.pause();
  for (let n = 0; n < 16; n++) caller.say(messageRequest('x'.repeat(1024 * 1024)));
  await expect
    .poll(() => rig.warnings, { timeout: 20_000 })
    .toEqual([expect.stringContaining('read nothing for 0.2 seconds')]);
  await expect.poll(() => rig.server.clients()).toEqual([]);
});

it('a stream whose request never ends has no second answer in it', async () => {
  const rig = await HttpRig.start({}, { requestMs: 300, headMs: 300, lookMs: 20 });
  const caller = await rig.dial();
  caller.say(`GET /v1/sends HTTP/1.1\r\nHost: core\r\n${AUTHORIZATION}\r\nContent-Length: 10\r\n\r\nx`);
  await caller.ended();
  expect(await caller.statuses(1)).toEqual([200]);
  // Nor has one behind which nonsense comes, which goes on.
  const other = await rig.dial();
  other.say(`GET /v1/sends?server=other HTTP/1.1\r\nHost: core\r\n${AUTHORIZATION}\r\n\r\n`);
  await other.statuses(1);
  other.say('NONSENSE\r\n\r\n');
  rig.sends.send({ sentId: 'a' });
  await other.until(() => other.text.includes('id: a'));
  expect(await other.statuses(1)).toEqual([200]);
});

it('unknown methods and expectations get an answer', async () => {
  const rig = await HttpRig.start();
  const caller = await rig.dial();
  for (const line of [
    'PROPFIND /v1/messages',
    'OPTIONS *',
    'TRACE /v1/messages',
    'GET http://x/healthz',
    'GET //healthz',
  ]) {
    caller.say(`${line} HTTP/1.1\r\nHost: core\r\n${AUTHORIZATION}\r\n\r\n`);
  }
  caller.say(`GET /healthz HTTP/1.1\r\nHost: core\r\nExpect: wonders\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n`);
  expect(await caller.statuses(6)).toEqual([405, 404, 405, 200, 404, 200]);
});

it('an event goes on without its caller, but not when it waits for an acknowledgement', async () => {
  const rig = await HttpRig.start({ modules: [FILTER] });
  rig.sends.allowance = 0;
  const caller = await rig.dial();
  caller.say(messageRequest('hello'));
  await expect.poll(() => rig.server.clients()).toMatchObject([{ inProgress: 1 }]);
  caller.socket.destroy();
  await expect.poll(() => rig.server.clients()).toEqual([]);
  rig.sends.hasRoom();
  const gone = await rig.dial();
  gone.say(messageRequest('heck'));
  gone.socket.destroy();
  const messages = () => rig.supervisor.status().modules[0]?.messages.total;
  await expect.poll(messages).toBeLessThanOrEqual(1);
  expect(await rig.ask('POST', '/v1/messages', { body: { text: 'heck' } })).toMatchObject({ status: 200 });
});

it.each(['tcp', 'unix'] as const)(
  'over %s, a caller that closes its direction after its requests gets their answers',
  async (kind) => {
    const place = kind === 'tcp' ? {} : { address: { kind, path: join(makeTempDir(), 's') } };
    const rig = await HttpRig.start({ modules: [FILTER], chainDeadlineMs: 60_000 }, { lookMs: 20 }, place);
    const caller = await rig.dial();
    caller.socket.end(messageRequest('heck') + messageRequest('hello'));
    await caller.ended();
    expect(await caller.statuses(2)).toEqual([200, 200]);
    // The event waits until sends are acknowledged. It would go on without its caller, so it is refused.
    rig.sends.allowance = 0;
    const owing = await rig.dial();
    owing.socket.end(messageRequest('heck'));
    await owing.ended();
    expect([await owing.statuses(1), codesOf(owing)]).toEqual([[503], ['SENDS_UNACKNOWLEDGED']]);
    const waiting = await rig.dial();
    waiting.say(messageRequest('heck'));
    await expect.poll(() => rig.server.clients()).toMatchObject([{ inProgress: 1 }]);
    waiting.socket.end();
    await waiting.ended();
    expect([await waiting.statuses(1), codesOf(waiting)]).toEqual([[503], ['SENDS_UNACKNOWLEDGED']]);
    // A body that will never be whole gets an answer, too.
    const cut = await rig.dial();
    cut.socket.end(messageRequest('hello').slice(0, -1));
    await cut.ended();
    expect(await cut.statuses(1)).toEqual([400]);
    // The kernel closes the direction of a reader that is killed, and says nothing more.
    const reader = await rig.dial();
    const request = `GET /v1/sends?server=gone HTTP/1.1\r\nHost: core\r\n${AUTHORIZATION}\r\n\r\n`;
    reader.say(request);
    expect(await reader.statuses(1)).toEqual([200]);
    reader.socket.end();
    await reader.ended();
    const both = await rig.dial();
    both.socket.end(request);
    await both.ended();
    await expect.poll(() => rig.server.clients()).toEqual([]);
  },
);

it('a server that does not acknowledge gets no more verdicts, and the reason', async () => {
  const rig = await HttpRig.start({ chainDeadlineMs: 200 });
  rig.sends.allowance = 0;
  const answer = await rig.ask('POST', '/v1/messages', { body: { text: 'x' } });
  expect(answer).toMatchObject({ status: 503, json: { error: { code: 'SENDS_UNACKNOWLEDGED' } } });
  expect(answer.headers['retry-after']).toBe('1');
});
