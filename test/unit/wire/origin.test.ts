import { describe, expect, it } from 'vitest';
import { mesibo } from '../../../src/wire/generated/module.js';
import { ORIGIN_MAX_BYTES, originBytes, readOrigin, type WireOrigin, writeOrigin } from '../../../src/wire/origin.js';
import { seeded } from '../../helpers/random.js';

const { Origin } = mesibo.modules.v1;

function encode(origin: WireOrigin): Buffer {
  const out = Buffer.alloc(originBytes(origin));
  expect(writeOrigin(out, 0, origin)).toBe(out.length);
  return out;
}

const ORIGINS: WireOrigin[] = [
  { server: 'prosody', eventId: 7n, hops: 0 },
  { server: 'prosody', eventId: 0n, hops: 8 },
  { server: '', eventId: null, hops: 2 ** 32 - 1 },
  { server: 'n'.repeat(64), eventId: 2n ** 64n - 1n, hops: 300 },
  { server: 'größer', eventId: null, hops: 0 },
];

describe('the origin of an event', () => {
  it.each(ORIGINS)('is read as it was written: $server $eventId $hops', (origin) => {
    expect(readOrigin(encode(origin))).toEqual(origin);
    const generated = Origin.decode(encode(origin));
    expect(generated.server ?? '').toBe(origin.server);
    expect(generated.eventId?.toString() ?? null).toBe(origin.eventId?.toString() ?? null);
    expect(generated.hops ?? 0).toBe(origin.hops);
  });

  it('is left out when it is empty, or when its name is longer than any server may have', () => {
    expect(originBytes({ server: '', eventId: null, hops: 0 })).toBe(0);
    expect(originBytes({ server: 'x'.repeat(ORIGIN_MAX_BYTES - 11), eventId: 1n, hops: 0 })).toBe(ORIGIN_MAX_BYTES);
    expect(originBytes({ server: 'x'.repeat(ORIGIN_MAX_BYTES - 10), eventId: 1n, hops: 0 })).toBe(0);
  });

  it('is read as an origin or none when it is damaged', () => {
    const next = seeded(5);
    let none = 0;
    for (let i = 0; i < 2000; i++) {
      const bytes = encode(ORIGINS[next(ORIGINS.length)] as WireOrigin);
      bytes[next(bytes.length)] = next(256);
      const read = readOrigin(bytes.subarray(0, next(bytes.length + 1)));
      if (read === null) none += 1;
      else
        expect(read).toEqual({
          server: expect.any(String),
          eventId: read.eventId && expect.any(BigInt),
          hops: expect.any(Number),
        });
    }
    expect(none).toBeGreaterThan(500);
    expect(readOrigin(Buffer.alloc(0))).toEqual({ server: '', eventId: null, hops: 0 });
    // More than a host can have said: an end is put to it.
    expect(readOrigin(Buffer.alloc(1000, Buffer.from([0x18, 1])))).toBeNull();
  });
});
