import { describe, expect, it } from 'vitest';
import { MessageError } from '../../../src/errors.js';
import { decodeCoreFrame, encodeCoreFrame } from '../../../src/wire/codec.js';
import { fromWireParams, inputOf, SCALARS, toWireParams } from '../../../src/wire/params.js';

const IDS = ['aid', 'id', 'refid', 'groupid', 'sid'];

describe('parameters', () => {
  it.each(SCALARS)('%s comes back as it was', (field) => {
    for (const value of [
      0n,
      1n,
      2n ** 31n,
      2n ** 32n,
      2n ** 53n - 1n,
      2n ** 53n,
      2n ** 53n + 1n,
      2n ** 63n,
      2n ** 64n - 1n,
    ]) {
      // Over the wire and back.
      const frame = { batch: { calls: [{ status: toWireParams({ [field]: value }) }] } };
      const wire = decodeCoreFrame(encodeCoreFrame(frame)).batch?.calls?.[0]?.status ?? {};
      expect(fromWireParams(wire)[field]).toBe(IDS.includes(field) ? value : Number(value));
      expect(wire[field]?.toString()).toBe(value.toString());
    }
    expect(fromWireParams(toWireParams({ [field]: 2 ** 40 }))[field]).toEqual(
      IDS.includes(field) ? 2n ** 40n : 2 ** 40,
    );
  });

  it.each(SCALARS)('%s must be a 64-bit integer', (field) => {
    for (const value of [-1, -1n, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, 2n ** 64n]) {
      const refused = expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: `${field} is ${value}; it must be an integer from 0 to 2^64-1`,
      });
      expect(() => toWireParams({ [field]: value })).toThrow(MessageError);
      expect(() => toWireParams({ [field]: value })).toThrow(refused);
    }
  });

  it('that are absent are zero and null', () => {
    expect(fromWireParams({})).toMatchObject({ id: 0n, flags: 0, to: null, from: null });
    expect(fromWireParams(toWireParams({ to: '', from: null }))).toMatchObject({ to: '', from: null });
  });
});

describe('parameters that a server gave', () => {
  it.each(SCALARS)('keep all 64 bits of %s on their way to a module', (field) => {
    const given = toWireParams({ [field]: 514132211248813196n, to: 'bob' });
    expect(toWireParams(inputOf(given))).toEqual(given);
  });

  it('that are left out stay so', () => {
    expect(inputOf(toWireParams({ status: 3 }))).toEqual({ status: 3n });
  });
});

describe('addresses', () => {
  it('may have 64 KiB, in bytes', () => {
    const longest = 'ä'.repeat(32 * 1024);
    expect(fromWireParams(toWireParams({ to: longest })).to).toBe(longest);
    expect(() => toWireParams({ to: `${longest}x` })).toThrow(
      expect.objectContaining({
        code: 'MESSAGE_TOO_LARGE',
        message: 'to has 65537 bytes, more than the 65536 that an address may have',
      }),
    );
  });

  it.each(['to', 'from'])('%s may not have a NUL', (field) => {
    for (const address of ['\0', 'a\0b', 'a\0']) {
      expect(() => toWireParams({ [field]: address })).toThrow(
        expect.objectContaining({
          code: 'INVALID_ARGUMENT',
          message: `${field} has a NUL inside, where a C string would end`,
        }),
      );
    }
  });

  it.each(['to', 'from'])('%s may not have a lone surrogate, which would become another address', (field) => {
    for (const address of ['\ud800', 'a\udc00b', 'a\ud83d', '\ude00\ud83d', `${'x'.repeat(200)}\ud800`]) {
      expect(() => toWireParams({ [field]: address })).toThrow(
        expect.objectContaining({
          code: 'INVALID_ARGUMENT',
          message: `${field} has half of a surrogate pair, which is no character`,
        }),
      );
    }
    expect(fromWireParams(toWireParams({ [field]: 'a\u{1f600}\ufffd' }))).toMatchObject({
      [field]: 'a\u{1f600}\ufffd',
    });
  });

  it('of a module need not be UTF-8', () => {
    expect(fromWireParams({ to: Buffer.from([0x61, 0xff]) }).to).toBe('a\ufffd');
    // Bytes in the middle of a frame, as they are decoded.
    expect(fromWireParams({ from: new Uint8Array(Buffer.from('xxbobyy')).subarray(2, 5) }).from).toBe('bob');
  });
});
