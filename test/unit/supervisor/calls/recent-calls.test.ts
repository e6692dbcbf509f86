import Long from 'long';
import { expect, it } from 'vitest';
import { RecentCalls } from '../../../../src/supervisor/calls/recent-calls.js';
import { makeEvent } from '../../../helpers/calls.js';

const params = (id: number) => ({ id: Long.fromNumber(id, true), from: Buffer.from('alice'), to: Buffer.from('bob') });
const message = (id: number, bytes = 3) =>
  makeEvent({ message: { params: params(id), payload: Buffer.alloc(bytes, 'x') } });
const idsOf = (calls: RecentCalls) => calls.list().map(({ event }) => event.params.id?.toNumber());

it('has nothing of a host that answered nothing', () => {
  expect(new RecentCalls(false).list()).toEqual([]);
});

it('has the last 16, oldest first, without their payloads', () => {
  const calls = new RecentCalls(false);
  for (let id = 1; id <= 40; id++) calls.add(id, message(id), id % 2 ? 'pass' : 'consumed');
  expect(idsOf(calls)).toEqual(Array.from({ length: 16 }, (_, i) => 25 + i));
  const [first] = calls.list();
  expect(first).toMatchObject({ seq: 25, verdict: 'pass', payloadBytes: 3, isWhole: false });
  expect(first?.event.payload.length).toBe(0);
  expect(first?.event.params).toMatchObject({ from: Buffer.from('alice'), to: Buffer.from('bob') });
});

it('holds none of the memory of calls', () => {
  const calls = new RecentCalls(false);
  const large = message(1, 1 << 20);
  calls.add(1, large, 'pass');
  const longAddress = { ...params(2), from: Buffer.alloc(1000, 'a') };
  calls.add(2, makeEvent({ message: { params: longAddress, payload: Buffer.alloc(1 << 20) } }), 'pass');
  for (const { event } of calls.list()) expect(event.bytes.buffer.byteLength).toBeLessThan(16 * 1024);
  expect(calls.list()[1]?.event.params.from).toEqual(longAddress.from);
});

it('keeps whole calls when it is told to, and forgets their payloads when it is told that', () => {
  const calls = new RecentCalls(true);
  calls.add(1, message(1), 'pass');
  expect(calls.list()).toMatchObject([{ isWhole: true }]);
  expect(calls.list()[0]?.event.payload.toString()).toBe('xxx');
  calls.keepWhole(false);
  expect(calls.list()).toMatchObject([{ isWhole: false, payloadBytes: 3 }]);
  expect(idsOf(calls)).toEqual([1]);
});

it('knows every kind of call', () => {
  const calls = new RecentCalls(false);
  const login = { address: Buffer.from('carol'), online: Long.UONE, flags: Long.UZERO };
  calls.add(1, makeEvent({ login }), 'pass');
  calls.add(2, makeEvent({ status: params(9) }), 'pass');
  calls.add(3, makeEvent({ call: {} }), 'pass');
  calls.add(4, makeEvent({ callStatus: {} }), 'pass');
  expect(calls.list().map(({ event }) => event.kind)).toEqual(['login', 'status', 'call', 'callStatus']);
  expect(calls.list()[0]?.event.login.address).toEqual(login.address);
  expect(calls.list()[1]?.event.params.id?.toNumber()).toBe(9);
});
