/** Events over HTTP, through real modules. */

import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DOCUMENTS } from '../../../cli/json/schemas.js';
import { fixtureOf, sample } from '../../e2e/core.js';
import { HttpRig, TOKEN } from '../../helpers/http-rig.js';
import { makeTempDir } from '../../helpers/temp-dir.js';

const FILTER = { name: 'filter', path: sample('filter'), config: { blocked_words: 'heck' } };

it('a message is answered with the document of send --json, in whichever form it is sent', async () => {
  const rig = await HttpRig.start({ modules: [FILTER] });
  const params = { from: 'alice', to: 'bob', id: '18446744073709551615', type: 7 };
  const passed = await rig.ask('POST', '/v1/messages', { body: { ...params, text: 'good morning' } });
  expect(passed.status).toBe(200);
  expect(passed.json).toEqual(DOCUMENTS.send[0].parse(passed.json));
  expect(passed.json).toMatchObject({
    verdict: 'pass',
    by: null,
    message: 'good morning',
    params: { from: 'alice', to: 'bob', id: '18446744073709551615', type: 7, groupid: '0' },
    trace: [{ module: 'filter', verdict: 'pass', default: null }],
  });
  const payload = Buffer.from('what the heck').toString('base64');
  const consumed = await rig.ask('POST', '/v1/messages?server=shop', { body: { ...params, id: 7, payload } });
  expect(consumed.json).toMatchObject({ verdict: 'consumed', by: 'filter', params: { id: '7' } });
  const bytes = Buffer.from([0xff, 0x00]).toString('base64');
  const other = await rig.ask('POST', '/v1/messages', { body: { payload: bytes, trace: false, groupid: null } });
  expect(other.json).toMatchObject({ verdict: 'pass', message: null, messageBase64: bytes });
  expect(other.json).not.toHaveProperty('trace');
});

it('statuses, logins and calls reach their own callbacks', async () => {
  const rig = await HttpRig.start({ modules: [fixtureOf('2020', 'all-callbacks')] });
  const logged: string[] = [];
  rig.supervisor.on('log', ({ source, text }) => {
    if (source === 'module') logged.push(text);
  });
  for (const [path, body] of [
    ['/v1/statuses', { id: '7', from: 'alice', to: 'bob', status: 3 }],
    ['/v1/logins', { address: 'alice', online: true }],
    ['/v1/logins', { address: { base64: '/w==' }, online: '0', flags: 2 }],
    ['/v1/calls', {}],
    ['/v1/calls', { kind: 'call_status' }],
    ['/v1/calls', undefined],
  ] as const) {
    const { status, json } = await rig.ask('POST', path, { body });
    const trace = [{ module: 'all_callbacks_2020', verdict: 'pass', default: null }];
    expect({ status, json }).toMatchObject({ status: 200, json: { verdict: 'pass', by: null, trace } });
    expect(json).not.toHaveProperty('message');
  }
  await expect.poll(() => logged.length).toBe(6);
  expect(logged.map((text) => text.split(' ', 1)[0])).toEqual([
    'on_message_status',
    'on_login',
    'on_login',
    'on_call',
    'on_call_status',
    'on_call',
  ]);
  expect(logged[0]).toMatch(/status=3/);
  expect(logged[1]).toMatch(/address=alice online=1 flags=0/);
  expect(logged[2]).toMatch(/online=0 flags=2/);
});

it('a wrong or missing token allows only the checks of whether the core is there', async () => {
  const rig = await HttpRig.start({ modules: [FILTER] });
  for (const token of ['wrong', '', null]) {
    for (const path of ['/v1/messages', '/nothing']) {
      const { status, headers, json } = await rig.ask('POST', path, { token, body: { text: 'heck' } });
      expect(status).toBe(401);
      expect(headers['www-authenticate']).toBe('Bearer');
      expect(json.error).toMatchObject({ code: 'TOKEN_WRONG', remedy: expect.stringContaining('http_token') });
    }
    expect(await rig.ask('GET', '/healthz', { token })).toMatchObject({ status: 200, json: { healthy: true } });
    expect(await rig.ask('HEAD', '/readyz', { token })).toMatchObject({ status: 200 });
    expect(await rig.ask('GET', '/metrics', { token })).toMatchObject({ status: 401 });
  }
  expect(rig.supervisor.status().modules[0]?.messages.total).toBe(0);
  expect(rig.warnings).toEqual([expect.stringContaining('token of the request is wrong; it came from 127.0.0.1')]);
});

it('/readyz names modules only to callers that have the token, or need none', async () => {
  const outline = { reasons: [], notes: ['1 module does not serve'] };
  const readiness = () => ({ reasons: [], notes: ['module a has failed (x)'], outline });
  const rig = await HttpRig.start({}, {}, { readiness });
  const notes = async (token: string | null) => (await rig.ask('GET', '/readyz', { token })).json.notes;
  for (const token of [null, 'wrong']) expect(await notes(token)).toEqual(outline.notes);
  expect(await notes(TOKEN)).toEqual(['module a has failed (x)']);
  for (const token of [TOKEN, null]) {
    const address = { kind: 'unix', path: join(makeTempDir(), 's') } as const;
    const open = await HttpRig.start({}, {}, { readiness, address, token });
    const { json } = await open.ask('GET', '/readyz', { token: null });
    expect(json.notes).toEqual(['module a has failed (x)']);
  }
});
