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
import { seeded } from '../../helpers/random.js';

const long = Long.MAX_UNSIGNED_VALUE;
const bytes = Buffer.from([0, 0xff, 0x80, 0x0a]);

describe('frames', () => {
  it('come back as they were', () => {
    const call = { seq: Long.MAX_UNSIGNED_VALUE, budgetMicros: 5, message: { payload: Buffer.alloc(0) } };
    const { batch } = decodeCoreFrame(encodeCoreFrame({ batch: { calls: [call], acknowledged: Long.UONE } }));
    expect(batch?.calls?.[0]?.seq?.toString()).toBe('18446744073709551615');
    expect(batch?.calls?.[0]?.message?.payload).toHaveLength(0);
    const { report } = decodeHostFrame(
      encodeHostFrame({ report: { ring: bytes, position: Long.fromNumber(2 ** 40) } }),
    );
    expect(report).toMatchObject({ start: 0, ring: bytes, position: 2 ** 40 });
  });

  it.each([
    { hello: { protocolMin: 1, protocolMax: 7, token: 'token', version: '1.2.3' } },
    { ready: { abi: 'table', abiReason: 'why', description: 'ä', callbacks: ['on_message'], warnings: ['w'] } },
    { candidates: { abis: ['table', 'exports-2019'], sha256: 'ab12', reason: 'why' } },
    { refused: { code: 'MODULE_NO_INIT', message: 'no init' } },
  ])('of a host are whole (%#)', (frame) => {
    expect(decodeHostFrame(encodeHostFrame(frame))).toMatchObject(frame);
  });

  it.each([
    { welcome: { protocol: 1, module: 'm', generation: 9, path: '/m.so', abi: 'table', maxMessage: 2 ** 20 } },
    {
      welcome: {
        settings: [
          { key: 'b', value: '' },
          { key: 'a', value: '2' },
          { key: 'b', value: '3' },
        ],
      },
    },
    { rejected: { reason: 'why' } },
    { batch: { calls: [{ seq: long, login: { flags: long, online: long, address: bytes } }], acknowledged: long } },
    {
      batch: {
        calls: [
          { seq: long, call: {} },
          { seq: long, callStatus: {} },
          { seq: long, status: {} },
        ],
      },
    },
    { attempt: { abi: 'exports-2019' } },
    { stop: {} },
    { beat: {} },
  ])('of the core are whole (%#)', (frame) => {
    expect(decodeCoreFrame(encodeCoreFrame(frame))).toMatchObject(frame);
  });

  it('distinguish an absent abi or address from an empty one', () => {
    expect(decodeCoreFrame(encodeCoreFrame({ welcome: {} })).welcome?.abi ?? null).toBeNull();
    const status = { to: Buffer.alloc(0) };
    const { batch } = decodeCoreFrame(encodeCoreFrame({ batch: { calls: [{ status }] } }));
    expect(batch?.calls?.[0]?.status?.to).toHaveLength(0);
    expect(batch?.calls?.[0]?.status?.from ?? null).toBeNull();
  });
});

describe('bytes that are not a frame', () => {
  /** Decodes, and expects a readable error and no other result. */
  function tryBoth(garbage: Uint8Array): void {
    for (const [decode, peer] of [
      [decodeCoreFrame, 'core'],
      [decodeHostFrame, 'host'],
    ] as const) {
      try {
        decode(garbage);
      } catch (error) {
        expect(error).toBeInstanceOf(HandshakeError);
        expect((error as Error).message).toBe(
          `${garbage.length} bytes from the ${peer} are not a frame of the protocol`,
        );
      }
    }
  }

  it('raise a readable error and nothing else', () => {
    const next = seeded(7);
    for (let round = 0; round < 3000; round++) tryBoth(Buffer.from(Array.from({ length: next(64) }, () => next(256))));
  });

  it('do so even when they were a frame before', () => {
    const next = seeded(8);
    const whole = encodeHostFrame({
      report: { start: long, ring: Buffer.alloc(40, 7), position: long, droppedLogs: long },
    });
    for (let length = 0; length < whole.length; length++) tryBoth(whole.subarray(0, length));
    for (let round = 0; round < 3000; round++) {
      const damaged = Buffer.from(whole);
      for (let i = 0; i <= next(4); i++) damaged[next(damaged.length)] = next(256);
      tryBoth(damaged);
    }
  });

  it('do so when a length in them is false', () => {
    // Field 4, length-delimited, 2^31-1 bytes; then the same one level down.
    const lie = [0x22, 0xff, 0xff, 0xff, 0xff, 0x07];
    expect(() => decodeHostFrame(Buffer.from(lie))).toThrow('6 bytes from the host are not a frame of the protocol');
    expect(() => decodeHostFrame(Buffer.from([0x22, 6, 0x0a, ...lie.slice(1)]))).toThrow(HandshakeError);
  });
});

it.each([
  [PROTOCOL.min, PROTOCOL.min, PROTOCOL.min],
  [1, PROTOCOL.min - 1, null],
  [1, 9, PROTOCOL.max],
  [PROTOCOL.max + 1, PROTOCOL.max + 5, null],
  [0, 0, null],
  [5, 1, null],
])('the range %d to %d meets ours at %s', (min, max, version) => {
  expect(negotiate(min, max)).toBe(version);
});
