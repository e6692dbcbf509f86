import { expect, test } from 'vitest';
import { outcomeToJson, renderOutcome, renderSent, sentToJson } from '../../../../cli/render/message.js';
import type { MessageParams, Outcome } from '../../../../src/supervisor/types.js';

const params: MessageParams = {
  aid: 1n,
  id: 0xffffffffffffffffn,
  refid: 0n,
  groupid: 5n,
  sid: 0n,
  flags: 3,
  type: 0,
  expiry: 60,
  uflags: 1,
  status: 0,
  device: 0,
  to: 'bob',
  from: null,
};

const outcome: Outcome = {
  verdict: 'consumed',
  by: 'filter',
  params,
  payload: Buffer.from('hello'),
  trace: [
    { module: 'a', verdict: 'pass', default: 'crash', micros: 400 },
    { module: 'filter', verdict: 'consumed', default: null, micros: 12 },
  ],
};

const PARAMS =
  '{"aid":"1","id":"18446744073709551615","refid":"0","groupid":"5","flags":3,"type":0,"expiry":60,"uflags":1,' +
  '"status":0,"sid":"0","device":0,"to":"bob","from":null}';

test('an outcome as JSON has its fields in order, ids as strings', () => {
  expect(outcomeToJson(outcome)).toBe(
    `{"verdict":"consumed","by":"filter","message":"hello","params":${PARAMS},"trace":[` +
      '{"module":"a","verdict":"pass","default":"crash","micros":400},' +
      '{"module":"filter","verdict":"consumed","default":null,"micros":12}]}',
  );
});

test('a sent message as JSON says who sent it, and how to name it', () => {
  expect(sentToJson({ module: 'autoreply', sentId: 'an-id', params, payload: Buffer.from('hi') })).toBe(
    `{"sent":{"module":"autoreply","sentId":"an-id","params":${PARAMS},"message":"hi"}}`,
  );
});

test('bytes that are not UTF-8 come as base64; a byte order mark and a NUL are text', () => {
  const binary = JSON.parse(outcomeToJson({ ...outcome, payload: Buffer.from([0xff, 0]) }));
  expect(binary).toMatchObject({ message: null, messageBase64: '/wA=' });
  const marked = JSON.parse(outcomeToJson({ ...outcome, payload: Buffer.from('\ufeffa\0') }));
  expect(marked.message).toBe('\ufeffa\0');
  expect(marked).not.toHaveProperty('messageBase64');
});

test('a person sees the verdict, who gave it, and the result of each module', () => {
  expect(renderOutcome(outcome, Buffer.from('hello'))).toBe(
    ['consumed by filter (412 us)', '  a       pass      400 us  by default: crash', '  filter  consumed  12 us'].join(
      '\n',
    ),
  );
});

test('a person sees the message when it was changed, safe for a terminal', () => {
  const changed = { ...outcome, payload: Buffer.from('h\u001bllo') };
  expect(renderOutcome(changed, Buffer.from('hello')).split('\n')[1]).toBe('  message is now: h\\x1bllo');
  const binary = { ...outcome, payload: Buffer.from([0xff]) };
  expect(renderOutcome(binary, Buffer.from('hello')).split('\n')[1]).toBe(
    '  message is now: 1 bytes that are not text',
  );
});

test('an empty trace is explained', () => {
  const text = renderOutcome({ ...outcome, verdict: 'pass', by: null, trace: [] }, Buffer.from('hello'));
  expect(text).toBe('pass (no module wanted it)');
});

test('a sent message for a person names its module and addresses', () => {
  const text = renderSent({ module: 'autoreply', sentId: 'an-id', params, payload: Buffer.from('a\nb') });
  expect(text).toBe('sent by autoreply, from - to bob: a\\nb');
});
