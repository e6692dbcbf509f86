import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { fingerprintOf, halvesOf, hashOf, join, partiesOf } from '../../../src/quarantine/fingerprint.js';
import { CallEvent } from '../../../src/wire/call-event.js';
import { message } from '../../helpers/quarantine.js';

it('two messages are alike by sender, receiver, type and bytes, whatever else they have', () => {
  const first = hashOf(message('boom', { id: 1, type: 7, flags: 3 }));
  expect(hashOf(message('boom', { id: 2, type: 7, expiry: 60, groupid: 5 }))).toBe(first);
  const others = [
    message('Boom', { type: 7 }),
    message('boom', { type: 8 }),
    message('boom', { type: 7, from: 'carol' }),
    message('boom', { type: 7, to: 'carol' }),
    message('boom', { type: 7, to: null }),
    message('boom', { type: 7, to: '' }),
    message('boomm', { type: 7 }),
  ].map(hashOf);
  expect(new Set([first, ...others]).size).toBe(others.length + 1);
});

it('a letter that moves from the sender to the receiver makes another message', () => {
  expect(partiesOf(message('', { from: 'ab', to: 'c' }))).not.toBe(partiesOf(message('', { from: 'a', to: 'bc' })));
  expect(partiesOf(message('', { from: 'ab', to: null }))).not.toBe(partiesOf(message('', { from: null, to: 'ab' })));
});

it('the bytes are hashed as the module sees them', () => {
  const length = (bytes: number) => Buffer.from(Uint32Array.of(bytes).buffer);
  const hash = createHash('sha256');
  hash.update(length(5)).update('alice').update(length(3)).update('bob');
  hash.update(Buffer.from(BigUint64Array.of(0xfedcba9876543210n).buffer)).update('boom');
  expect(hashOf(message('boom', { type: 0xfedcba9876543210n }))).toBe(hash.digest('hex'));
});

it('an event that was decoded and encoded again is the same message', () => {
  const event = message('x'.repeat(300), { id: 2n ** 63n, type: 9, from: 'ä'.repeat(90) });
  const again = CallEvent.wireMessage(event.params, Buffer.from(event.payload));
  expect(fingerprintOf(again)).toEqual(fingerprintOf(event));
  expect(fingerprintOf(event)).toMatchObject({ messageId: 2n ** 63n, type: 9n, bytes: 300 });
});

it.each([0n, 1n, 0x7fffffffn, 0x80000000n, 0xffffffffn, 2n ** 32n, 2n ** 63n, 2n ** 64n - 1n])(
  '%s comes back from its halves',
  (value) => {
    expect(join(...halvesOf(value))).toBe(value);
  },
);
