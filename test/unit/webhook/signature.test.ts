import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readKey, signatureHeaders } from '../../../src/webhook/signature.js';

describe('the key of a secret', () => {
  it('is the secret as it is, or what it encodes', () => {
    expect(readKey('0123456789abcdef', 'f')).toEqual(Buffer.from('0123456789abcdef'));
    expect(readKey('whsec_MDEyMzQ1Njc4OWFiY2RlZg==', 'f')).toEqual(Buffer.from('0123456789abcdef'));
  });

  it.each(['short', 'whsec_c2hvcnQ=', 'whsec_!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!'])(
    'is too short to be one (%s), which says so and does not show it',
    (secret) => {
      let said = '';
      try {
        readKey(secret, '/etc/w.secret');
      } catch (error) {
        said = (error as Error).message;
      }
      expect(said).toMatch(
        /^webhook_secret: the first line of \/etc\/w\.secret makes a key of \d+ bytes, and 16 are the least/,
      );
      expect(said).not.toContain(secret);
    },
  );
});

it('a signature is that of Standard Webhooks: the example of its specification', () => {
  const key = readKey('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'f');
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
