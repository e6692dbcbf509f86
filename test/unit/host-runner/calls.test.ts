import Long from 'long';
import { describe, expect, it } from 'vitest';
import { encodeCalls, skipCalls } from '../../../src/host-runner/calls.js';
import type { Call } from '../../../src/wire/codec.js';
import { SCALARS } from '../../../src/wire/params.js';

const seq = (n: number) => Long.fromNumber(n, true);
const encode = (...calls: Call[]) =>
  encodeCalls(
    calls.map((call) => ({ call, notAfter: 99n })),
    100,
    1e6,
  );

describe('a call in the layout of the shim', () => {
  it('of a message', () => {
    const params = { id: Long.MAX_UNSIGNED_VALUE, device: seq(3), to: Buffer.from('bob'), from: Buffer.from('al') };
    const { bytes, count } = encode({ seq: seq(2 ** 33), message: { params, payload: Buffer.from('hello') } });
    expect(count).toBe(1);
    expect(bytes.readUInt32LE(0)).toBe(bytes.length);
    expect(bytes.length % 8).toBe(0);
    expect(bytes.readUInt32LE(4)).toBe(1);
    expect(bytes.readBigUInt64LE(8)).toBe(2n ** 33n);
    expect(bytes.readBigUInt64LE(16)).toBe(99n);
    expect(bytes.readBigUInt64LE(24 + 8)).toBe(2n ** 64n - 1n);
    expect(bytes.readBigUInt64LE(24 + 80)).toBe(3n);
    expect([112, 116, 120, 124].map((at) => bytes.readUInt32LE(at))).toEqual([3, 2, 5, 3]);
    expect(bytes.toString('latin1', 128, 141)).toBe('bob\0al\0hello\0');
  });

  it('has every parameter in its place', () => {
    const params = Object.fromEntries(SCALARS.map((field, i) => [field, new Long(i + 1, -1 - i, true)]));
    for (const event of [{ message: { params } }, { status: params }]) {
      const { bytes } = encode({ seq: seq(1), ...event });
      const scalars = SCALARS.map((_, i) => bytes.readBigUInt64LE(24 + i * 8));
      expect(scalars).toEqual(SCALARS.map((_, i) => (BigInt(2 ** 32 - 1 - i) << 32n) | BigInt(i + 1)));
    }
  });

  it('has its texts, each with the NUL behind it that modules rely on, and nothing else', () => {
    for (let length = 0; length < 20; length++) {
      const payload = Buffer.alloc(length, 'p');
      const params = { to: Buffer.from('to'), from: Buffer.from('from') };
      const { bytes } = encode({ seq: seq(1), message: { params, payload } });
      const texts = Buffer.concat([Buffer.from('to\0from\0'), payload, Buffer.alloc(1)]);
      expect(bytes.subarray(128, 128 + texts.length)).toEqual(texts);
      expect(bytes.subarray(128 + texts.length).every((byte) => byte === 0)).toBe(true);
      expect(bytes.length - 128 - texts.length).toBeLessThan(8);
    }
  });

  it('carries the addresses of a status, and no payload', () => {
    const { bytes } = encode({ seq: seq(1), status: { from: Buffer.from('al') } });
    expect([112, 116, 120, 124].map((at) => bytes.readUInt32LE(at))).toEqual([0, 2, 0, 2]);
    expect(bytes.toString('latin1', 128, 133)).toBe('\0al\0\0');
  });

  it('takes the longest addresses and a large message', () => {
    const [to, payload] = [Buffer.alloc(65536, 'a'), Buffer.alloc(1024 * 1024, 0xff)];
    const { bytes } = encode({ seq: seq(1), message: { params: { to, from: to }, payload } });
    expect(bytes.length).toBe(128 + 2 * 65537 + 1024 * 1024 + 1 + 5);
    expect(bytes[bytes.length - 6]).toBe(0);
    expect(bytes[bytes.length - 7]).toBe(0xff);
  });

  it('tells an absent address from an empty one', () => {
    const { bytes } = encode({ seq: seq(1), message: { params: { to: Buffer.alloc(0) }, payload: Buffer.alloc(0) } });
    expect([112, 116, 120, 124].map((at) => bytes.readUInt32LE(at))).toEqual([0, 0, 0, 1]);
  });

  it.each([
    ['status', { status: { status: seq(2) } }, 2],
    ['login', { login: { flags: seq(4), online: seq(1), address: Buffer.from('al') } }, 3],
    ['call', { call: {} }, 4],
    ['call status', { callStatus: {} }, 5],
  ])('of a %s', (name, event, kind) => {
    const { bytes } = encode({ seq: seq(1), ...event });
    expect(bytes.readUInt32LE(4)).toBe(kind);
    if (name === 'status') expect(bytes.readBigUInt64LE(24 + 64)).toBe(2n);
    if (name === 'login')
      expect([bytes.readBigUInt64LE(24), bytes.readBigUInt64LE(32), bytes.toString('latin1', 128, 131)]).toEqual([
        4n,
        1n,
        'al\0',
      ]);
  });
});

describe('a batch', () => {
  const call = (n: number) => ({ call: { seq: seq(n), message: { payload: Buffer.alloc(1000) } }, notAfter: 0n });
  const pending = [1, 2, 3, 4, 5].map(call);

  it('holds the first calls, within its limits, and always one', () => {
    expect(encodeCalls(pending, 3, 1e6).count).toBe(3);
    expect(encodeCalls(pending, 100, 2500).count).toBe(2);
    expect(encodeCalls(pending, 100, 1).count).toBe(1);
    const size = encodeCalls(pending, 1, 1).bytes.length;
    expect(encodeCalls(pending, 100, 3 * size).count).toBe(3);
    expect(encodeCalls(pending, 100, 3 * size - 1).count).toBe(2);
    expect(encodeCalls([], 100, 1)).toMatchObject({ count: 0 });
  });

  it('goes on behind the calls that were executed', () => {
    const rest = skipCalls(encodeCalls(pending, 100, 1e6), 2);
    expect(rest.count).toBe(3);
    expect(rest.bytes.readBigUInt64LE(8)).toBe(3n);
    expect(skipCalls(rest, 3)).toMatchObject({ count: 0, bytes: { length: 0 } });
    expect(skipCalls(rest, 0)).toMatchObject({ count: 3 });
  });

  it('has them one behind the other', () => {
    const { bytes } = encodeCalls(pending, 100, 1e6);
    const seen: bigint[] = [];
    for (let at = 0; at < bytes.length; at += bytes.readUInt32LE(at)) seen.push(bytes.readBigUInt64LE(at + 8));
    expect(seen).toEqual([1n, 2n, 3n, 4n, 5n]);
  });
});
