import { createHmac } from 'node:crypto';
import { expect, it } from 'vitest';
import { keyOf } from '../../../src/secrets.js';
import { signatureHeaders } from '../../../src/webhook/signature.js';

it('a signature is that of Standard Webhooks: the example of its specification', () => {
  const key = keyOf('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'f');
  const headers = signatureHeaders(key, {
    id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    timestamp: 1614265330,
    body: '{"test": 2432232314}',
  });
  expect(headers).toEqual({
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  });
});

it('each part of what is signed changes the signature', () => {
  const key = Buffer.from('0123456789abcdef');
  const sign = (change: object) =>
    signatureHeaders(key, { id: 'a', timestamp: 1, body: 'é', ...change })['webhook-signature'];
  const all = [sign({}), sign({ id: 'b' }), sign({ timestamp: 2 }), sign({ body: 'e' })];
  expect(new Set(all).size).toBe(4);
  expect(all[0]).toBe(`v1,${createHmac('sha256', key).update('a.1.é').digest('base64')}`);
});
