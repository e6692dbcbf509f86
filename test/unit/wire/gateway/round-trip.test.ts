import fc from 'fast-check';
import { expect, it } from 'vitest';
import { MessageError } from '../../../../src/errors.js';
import { CallEvent } from '../../../../src/wire/call-event.js';
import { FrameReader } from '../../../../src/wire/framing.js';
import type { CoreFrame, ServerFrame } from '../../../../src/wire/gateway/frames.js';
import { LineReader } from '../../../../src/wire/gateway/json/line-reader.js';
import { readCoreLine } from '../../../../src/wire/gateway/json/read-core-frame.js';
import { readServerLine } from '../../../../src/wire/gateway/json/read-server-frame.js';
import { coreLine, serverLine } from '../../../../src/wire/gateway/json/write-line.js';
import { FrameOut } from '../../../../src/wire/gateway/protobuf/frame-out.js';
import { readCoreFrame } from '../../../../src/wire/gateway/protobuf/read-core-frame.js';
import { readServerFrame } from '../../../../src/wire/gateway/protobuf/read-server-frame.js';
import { writeCoreFrame } from '../../../../src/wire/gateway/protobuf/write-core-frame.js';
import { writeEvent, writeMessageEvent } from '../../../../src/wire/gateway/protobuf/write-event.js';
import { writeServerFrame } from '../../../../src/wire/gateway/protobuf/write-server-frame.js';
import { mesibo } from '../../../../src/wire/generated/gateway.js';
import { fromWireParams, SCALARS, snapshotOf } from '../../../../src/wire/params.js';
import { among } from './among.js';
import { comparable, coreFrame, serverFrame } from './arbitraries.js';

const wire = mesibo.gateway.v1;
const MANY = { numRuns: 500 };

/** Frames as bytes, cut into pieces, and read again. */
function throughProtobuf<T>(frames: T[], pieceBytes: number, write: (out: FrameOut, frame: T) => void): Buffer[] {
  const out = new FrameOut();
  for (const frame of frames) write(out, frame);
  const bytes = out.take();
  expect(out.length).toBe(0);
  return pieces(bytes, pieceBytes, new FrameReader(1024 * 1024));
}

function throughLines(lines: string[], pieceBytes: number): Buffer[] {
  return pieces(Buffer.from(lines.join('')), pieceBytes, new LineReader(1024 * 1024));
}

function pieces(bytes: Buffer, pieceBytes: number, reader: FrameReader | LineReader): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    reader.push(bytes.subarray(at, at + pieceBytes));
    for (let next = reader.next(); next !== null; next = reader.next()) found.push(next);
  }
  expect(reader.heldBytes).toBe(0);
  return found;
}

const pieceBytes = fc.integer({ min: 1, max: 200 });

it('frames of a server in protobuf are read as they were written, in whatever pieces they come', () => {
  const frames = fc.array(serverFrame, { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(frames, pieceBytes, (given, size) => {
      const read = throughProtobuf<ServerFrame>(given, size, writeServerFrame).map((bytes) =>
        among(bytes, readServerFrame),
      );
      expect(read.map(comparable)).toEqual(given.map(comparable));
    }),
    MANY,
  );
});

it('frames of a core in protobuf are read as they were written, in whatever pieces they come', () => {
  const frames = fc.array(coreFrame, { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(frames, pieceBytes, (given, size) => {
      const read = throughProtobuf<CoreFrame>(given, size, writeCoreFrame).map(readCoreFrame);
      expect(read.map(comparable)).toEqual(given.map(comparable));
    }),
    MANY,
  );
});

it('frames of a server in JSON are read as they were written, in whatever pieces they come', () => {
  const frames = fc.array(serverFrame, { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(frames, pieceBytes, (given, size) => {
      const read = throughLines(given.map(serverLine), size).map((line) => readServerLine(line));
      expect(read.map(comparable)).toEqual(given.map(comparable));
    }),
    MANY,
  );
});

it('frames of a core in JSON are read as they were written, in whatever pieces they come', () => {
  // A failure comes instead of a verdict.
  const frames = fc.array(coreFrame, { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(frames, pieceBytes, (given, size) => {
      const read = throughLines(given.map(coreLine), size).map(readCoreLine);
      expect(read.map(comparable)).toEqual(given.map(comparable));
    }),
    MANY,
  );
});

it('protobufjs and the frames of a server agree, both ways', () => {
  fc.assert(
    fc.property(serverFrame, (given) => {
      const [bytes] = throughProtobuf<ServerFrame>([given], 4096, writeServerFrame) as [Buffer];
      const decoded = wire.ServerFrame.decode(bytes);
      const again = Buffer.from(wire.ServerFrame.encode(decoded).finish());
      expect(comparable(among(again, readServerFrame))).toEqual(comparable(given));
    }),
    MANY,
  );
});

it('protobufjs and the frames of a core agree, both ways', () => {
  fc.assert(
    fc.property(coreFrame, (given) => {
      const [bytes] = throughProtobuf<CoreFrame>([given], 4096, writeCoreFrame) as [Buffer];
      const again = Buffer.from(wire.CoreFrame.encode(wire.CoreFrame.decode(bytes)).finish());
      expect(comparable(readCoreFrame(again))).toEqual(comparable(given));
    }),
    MANY,
  );
});

it('a frame is read or refused with FRAME_INVALID, whatever is changed in it', () => {
  const change = fc.tuple(fc.nat(), fc.nat({ max: 255 }));
  fc.assert(
    fc.property(serverFrame, fc.array(change, { minLength: 1, maxLength: 4 }), (given, changes) => {
      const [bytes] = throughProtobuf<ServerFrame>([given], 4096, writeServerFrame) as [Buffer];
      const damaged = Buffer.from(bytes);
      for (const [at, value] of changes) damaged[at % damaged.length] = value;
      try {
        among(damaged, readServerFrame);
      } catch (error) {
        expect(error).toMatchObject({ name: 'FrameError' });
      }
    }),
    { numRuns: 3000 },
  );
});

it('a message is written from its parameters as from its bytes', () => {
  const given = fc.record(
    {
      aid: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      flags: fc.maxSafeNat(),
      to: fc.string({ unit: 'binary', maxLength: 300 }).filter((text) => !text.includes('\0')),
      from: fc.string({ maxLength: 60 }),
    },
    { requiredKeys: [] },
  );
  const rest = fc.tuple(fc.uint8Array({ maxLength: 400 }), fc.boolean(), fc.nat(0x3fffffff), fc.nat(0x7fffffff));
  fc.assert(
    fc.property(given, rest, fc.array(serverFrame, { maxLength: 2 }), (input, [payload, trace, low, high], others) => {
      const [one, other] = [new FrameOut(), new FrameOut()];
      for (const out of [one, other]) for (const frame of others) writeServerFrame(out, frame);
      writeMessageEvent(one, low, high, trace, input, payload);
      writeEvent(other, low, high, trace, CallEvent.message(input, payload));
      expect(one.take()).toEqual(other.take());
    }),
    MANY,
  );
});

/** Each is refused. */
const WRONG: Record<string, unknown>[] = [
  { aid: -1 },
  { device: 1.5 },
  { id: 2n ** 64n },
  { sid: Symbol('sid') },
  { flags: Object.create(null) },
  { type: null },
  { to: 'b\0' },
  { to: `${'b'.repeat(200)}\0` },
  { to: 'b\ud800' },
  { from: '\udc00'.repeat(128) },
  { from: 'ü'.repeat(32769) },
  { to: 5 },
  { to: [] },
  { from: Buffer.alloc(200, 'a') },
  { to: { length: 200 } },
];

it('the valid messages of a burst leave, and no byte of those that are refused among them', () => {
  const scalar = fc.oneof(
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    fc.maxSafeNat(),
    fc.constant(-0),
    fc.constant(0n),
    fc.constant(undefined),
  );
  const address = fc.oneof(
    fc.constant(null),
    fc.string({ unit: 'binary', maxLength: 300 }).map((text) => text.replaceAll('\0', '')),
    fc.constantFrom('a'.repeat(127), 'a'.repeat(128), 'ü'.repeat(127), '€'.repeat(128), '😀'.repeat(16384), ''),
  );
  const right = fc.record(
    { ...Object.fromEntries(SCALARS.map((field) => [field, scalar])), to: address, from: address },
    { requiredKeys: [] },
  );
  const wrong = fc.tuple(right, fc.constantFrom(...WRONG)).map((both) => Object.assign({}, ...both));
  const payload = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.constantFrom(127, 128, 16383, 16384, 2 ** 21 - 1, 2 ** 21).map((length) => new Uint8Array(length).fill(length)),
  );
  const message = fc.record({
    isRight: fc.boolean(),
    right,
    wrong,
    payload,
    trace: fc.boolean(),
    low: fc.nat(0x3fffffff),
  });
  fc.assert(
    fc.property(fc.array(message, { maxLength: 12 }), fc.nat(0xffffffff), (burst, high) => {
      const [one, other] = [new FrameOut(), new FrameOut()];
      for (const { isRight, right, wrong, payload, trace, low } of burst) {
        if (isRight) {
          writeMessageEvent(one, low, high, trace, right, payload);
          writeEvent(other, low, high, trace, CallEvent.message(right, payload));
          expect(fromWireParams(CallEvent.message(right, payload).params)).toEqual(snapshotOf(right));
        } else {
          expect(() => writeMessageEvent(one, low, high, trace, wrong, payload)).toThrow(MessageError);
          expect(() => CallEvent.message(wrong, payload)).toThrow(MessageError);
        }
      }
      const written = one.take();
      expect(written.equals(other.take())).toBe(true);
      const events = pieces(written, 1024 * 1024, new FrameReader(4 * 1024 * 1024)).map((b) =>
        among(b, readServerFrame),
      );
      const sent = burst.filter(({ isRight }) => isRight);
      expect(events.length).toBe(sent.length);
      for (const [i, { payload, trace, low }] of sent.entries()) {
        const event = events[i] as Extract<ServerFrame, { kind: 'event' }>;
        expect([event.id, event.trace]).toEqual([(BigInt(high) << 32n) | BigInt(low), trace]);
        expect(event.event.payload.equals(payload)).toBe(true);
      }
    }),
    { numRuns: 200 },
  );
});

it('an impossible message is not written, and those before it are', () => {
  const out = new FrameOut();
  writeServerFrame(out, { kind: 'ack', sentIds: ['a'], refused: false });
  const before = out.length;
  expect(() => writeMessageEvent(out, 1, 2, false, { from: 'a', to: 'b\0' }, Buffer.from('x'))).toThrow('a NUL inside');
  expect(out.length).toBe(before);
});
