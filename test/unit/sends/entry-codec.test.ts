import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Entry } from '../../../src/sends/queue/entry.js';
import { decodeEntry, encodeEntry, formatKey, parseKey } from '../../../src/sends/store/entry-codec.js';
import { toWireParams } from '../../../src/wire/params.js';
import { makeEntry } from '../../helpers/entries.js';

const HOUR_MS = 3_600_000;
const T0 = Date.UTC(2026, 10, 29);

describe('an entry in the store', () => {
  it('comes back as it was, to the bit', () => {
    const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    const origin = fc.record({ server: fc.string(), eventId: fc.option(u64), hops: fc.nat(9) });
    fc.assert(
      fc.property(
        fc.record({
          sentId: fc.string(),
          module: fc.string(),
          cause: fc.option(origin),
          server: fc.option(fc.string()),
          isChained: fc.boolean(),
          dueStatus: fc.option(fc.nat(255)),
        }),
        fc.record({ id: u64, flags: u64, to: fc.uint8Array(), from: fc.uint8Array() }),
        fc.uint8Array({ maxLength: 6000, size: 'max' }),
        (fields, { to, from, ...ids }, payload) => {
          const params = { ...toWireParams(ids), to, from };
          const entry = Entry.of({ ...fields, key: 7, sinceMs: 40 }, params, payload);
          const read = decodeEntry(7, encodeEntry(entry, { wallMs: T0, nowMs: 100 }), { wallMs: T0 + 5, nowMs: 0 });
          expect(read).toMatchObject({
            ...fields,
            key: 7,
            sinceMs: -65,
            bytes: to.length + from.length + payload.length,
          });
          expect(read?.encodedParams).toEqual(entry.encodedParams);
          expect(Buffer.from(read?.payload ?? []).equals(payload)).toBe(true);
        },
      ),
    );
  });

  it('is never read as another one when it is damaged', () => {
    const moment = { wallMs: T0, nowMs: 0 };
    const bytes = encodeEntry(makeEntry({ key: 1 }), moment);
    expect(decodeEntry(1, bytes, moment)).not.toBeNull();
    for (let at = 0; at < bytes.length; at++) {
      const damaged = Buffer.from(bytes);
      damaged[at] = (damaged[at] as number) ^ 0x10;
      expect(decodeEntry(1, damaged, moment)).toBeNull();
      expect(decodeEntry(1, bytes.subarray(0, at), moment)).toBeNull();
    }
  });

  it('is refused under another key', () => {
    const moment = { wallMs: T0, nowMs: 0 };
    expect(decodeEntry(3, encodeEntry(makeEntry({ key: 2 }), moment), moment)).toBeNull();
  });

  it('of form 1 is read too, whose checksum did not cover the key', () => {
    const moment = { wallMs: T0, nowMs: 0 };
    const bytes = encodeEntry(makeEntry({ key: 5, payload: 'old' }), moment);
    bytes.writeUInt32BE(crc32(bytes.subarray(4)), 0);
    expect(Buffer.from(decodeEntry(5, bytes, moment)?.payload ?? []).toString()).toBe('old');
  });

  it('has waited for the time between two cores too, and a clock that was set back takes nothing from that', () => {
    const bytes = encodeEntry(makeEntry({ key: 1, sinceMs: 1000 }), { wallMs: T0, nowMs: 1000 + HOUR_MS });
    const sinceMs = (wallMs: number) => decodeEntry(1, bytes, { wallMs, nowMs: 0 })?.sinceMs;
    expect(sinceMs(T0 + HOUR_MS)).toBe(-2 * HOUR_MS);
    expect(sinceMs(T0 - 1000 * HOUR_MS)).toBe(0);
  });

  it('holds a copy of the payload', () => {
    for (const length of [10, 10_000]) {
      const payload = Buffer.alloc(length, 1);
      const entry = Entry.of(
        { sentId: 's', module: 'm', cause: null, server: null, isChained: true, key: 1, sinceMs: 0 },
        {},
        payload,
      );
      payload.fill(2);
      expect(Buffer.from(entry.payload).equals(Buffer.alloc(length, 1))).toBe(true);
    }
  });
});

it('keys are in the order of numbers, and nothing else is one', () => {
  const numbers = [0, 1, 9, 10, 2 ** 32, 2 ** 41 * 1024, 2 ** 53 - 1];
  expect(numbers.map(formatKey).sort()).toEqual(numbers.map(formatKey));
  expect(numbers.map(formatKey).map(parseKey)).toEqual(numbers);
  expect(['format', 's', 's1', `${formatKey(1)}0`].map(parseKey)).toEqual([null, null, null, null]);
});
