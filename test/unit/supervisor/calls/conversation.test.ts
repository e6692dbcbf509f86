import Long from 'long';
import { describe, expect, it } from 'vitest';
import { Conversation } from '../../../../src/supervisor/calls/conversation.js';
import { type MessageParamsInput, snapshotOf, toWireParams } from '../../../../src/wire/params.js';

const of = (params: MessageParamsInput) => Conversation.ofMessage(snapshotOf(params));
const ofStatus = (params: MessageParamsInput) => Conversation.ofStatus(toWireParams(params));

/** Whether two are the same; those that are have the same hash. */
function same(one: Conversation, other: Conversation): boolean {
  const equal = one.equals(other);
  expect(other.equals(one)).toBe(equal);
  if (equal) expect(one.hash).toBe(other.hash);
  return equal;
}

describe.each([
  ['a message', of],
  ['a status', ofStatus],
])('the conversation of %s', (_, of) => {
  it('is that of the two users, whichever of them wrote', () => {
    expect(same(of({ from: 'al', to: 'bo' }), of({ from: 'bo', to: 'al', id: 7 }))).toBe(true);
    expect(same(of({ from: 'al', to: 'bo' }), of({ from: 'al', to: 'bob' }))).toBe(false);
    expect(same(of({ from: 'al', to: 'bo' }), of({ from: 'alb', to: 'o' }))).toBe(false);
    expect(same(of({ from: 'al', to: 'al' }), of({ from: 'al', to: 'bo' }))).toBe(false);
    expect(same(of({ from: 'al' }), of({ to: 'al' }))).toBe(true);
    expect(same(of({ from: 'al' }), of({ from: '', to: 'al' }))).toBe(true);
    expect(same(of({ from: 'al', to: 'é' }), of({ from: 'é', to: 'al' }))).toBe(true);
  });

  it('is that of the group, where there is one', () => {
    expect(same(of({ groupid: 5, from: 'al' }), of({ groupid: 5, from: 'bo', to: 'x' }))).toBe(true);
    expect(same(of({ groupid: 5 }), of({ groupid: 5n + (1n << 32n) }))).toBe(false);
    expect(same(of({ groupid: 5 }), of({}))).toBe(false);
    expect(same(of({ groupid: 0, from: 'al', to: 'bo' }), of({ from: 'al', to: 'bo' }))).toBe(true);
    const largest = 2n ** 64n - 1n;
    expect(same(of({ groupid: largest }), of({ groupid: largest, to: 'x' }))).toBe(true);
  });

  it('is distinguished from others by more than its hash', () => {
    const [long, longer] = ['x'.repeat(64), 'x'.repeat(1000)];
    expect(same(of({ from: `${long}a`, to: 'bo' }), of({ from: `${long}b`, to: 'bo' }))).toBe(false);
    expect(same(of({ from: longer, to: 'bo' }), of({ from: 'bo', to: longer }))).toBe(true);
  });
});

describe('the hash of a conversation', () => {
  it.each([72, 8000])('differs when only one of %s characters differs', (length) => {
    const of = (at: number) => {
      const text = `${'x'.repeat(at)}y${'x'.repeat(length - at - 1)}`;
      return Conversation.ofMessage(snapshotOf({ from: text, to: 'bo' })).hash;
    };
    const hashes = Array.from({ length }, (_, at) => of(at));
    expect(new Set(hashes).size).toBeGreaterThan(0.99 * length);
  });
});

describe('the conversation of an event', () => {
  it('distinguishes addresses that are not text', () => {
    const [one, other] = [0xfe, 0xff].map((byte) => Conversation.ofStatus({ to: Buffer.from([byte]) }));
    expect(same(one as Conversation, other as Conversation)).toBe(false);
  });

  it('is not the same for messages and for notifications', () => {
    const login = { address: Buffer.from('al'), online: Long.UONE, flags: Long.UZERO };
    const all = [of({ from: 'al' }), ofStatus({ from: 'al' }), Conversation.ofLogin(login), Conversation.ofCalls];
    for (const one of all) expect(all.filter((other) => same(one, other))).toEqual([one]);
    for (const one of [of({}), ofStatus({})]) expect(same(one, Conversation.ofCalls)).toBe(false);
  });
});
