import Long from 'long';
import { describe, expect, it } from 'vitest';
import { HandshakeError } from '../../../src/errors.js';
import {
  decodeCoreFrame,
  decodeHostFrame,
  encodeCoreFrame,
  encodeHostFrame,
  negotiate,
  PROTOCOL,
} from '../../../src/wire/codec.js';

describe('frames', () => {
  it('come back as they were', () => {
    const call = { seq: Long.MAX_UNSIGNED_VALUE, budgetMicros: 5, message: { payload: Buffer.alloc(0) } };
    const { batch } = decodeCoreFrame(encodeCoreFrame({ batch: { calls: [call], acknowledged: Long.UONE } }));
    expect(batch?.calls?.[0]?.seq?.toString()).toBe('18446744073709551615');
    expect(batch?.calls?.[0]?.message?.payload).toHaveLength(0);
    const result = { seq: Long.UONE, value: -1, micros: 9 };
    const { report } = decodeHostFrame(encodeHostFrame({ report: { entries: [{ result }] } }));
    expect(report?.entries?.[0]?.result).toMatchObject({ value: -1, micros: 9 });
    // Unchanged is told from changed to nothing.
    expect(report?.entries?.[0]?.result?.params).toBeFalsy();
  });

  it('that are none raise a readable error and nothing else', () => {
    let state = 7;
    const next = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state >>> 24;
    };
    for (let round = 0; round < 5000; round++) {
      const bytes = Buffer.from(Array.from({ length: next() % 64 }, next));
      for (const decode of [decodeCoreFrame, decodeHostFrame]) {
        try {
          decode(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(HandshakeError);
          expect((error as Error).message).toMatch(/^\d+ bytes from the (core|host) are no frame of the protocol$/);
        }
      }
    }
  });
});

it.each([
  [1, 1, 1],
  [1, 9, PROTOCOL.max],
  [PROTOCOL.max + 1, PROTOCOL.max + 5, null],
  [0, 0, null],
  [5, 1, null],
])('the range %d to %d meets ours at %s', (min, max, version) => {
  expect(negotiate(min, max)).toBe(version);
});
