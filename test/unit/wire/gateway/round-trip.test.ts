import fc from 'fast-check';
import { expect, it } from 'vitest';
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
import { writeServerFrame } from '../../../../src/wire/gateway/protobuf/write-server-frame.js';
import { mesibo } from '../../../../src/wire/generated/gateway.js';
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

it('what a server says in protobuf is read as it was written, in whatever pieces it comes', () => {
  const frames = fc.array(serverFrame, { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(frames, pieceBytes, (given, size) => {
      const read = throughProtobuf<ServerFrame>(given, size, writeServerFrame).map(readServerFrame);
      expect(read.map(comparable)).toEqual(given.map(comparable));
    }),
    MANY,
  );
});

it('what a core says in protobuf is read as it was written, in whatever pieces it comes', () => {
  const frames = fc.array(coreFrame, { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(frames, pieceBytes, (given, size) => {
      const read = throughProtobuf<CoreFrame>(given, size, writeCoreFrame).map(readCoreFrame);
      expect(read.map(comparable)).toEqual(given.map(comparable));
    }),
    MANY,
  );
});

it('what a server says in JSON is read as it was written, in whatever pieces it comes', () => {
  const frames = fc.array(serverFrame, { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(frames, pieceBytes, (given, size) => {
      const read = throughLines(given.map(serverLine), size).map((line) => readServerLine(line));
      expect(read.map(comparable)).toEqual(given.map(comparable));
    }),
    MANY,
  );
});

it('what a core says in JSON is read as it was written, in whatever pieces it comes', () => {
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

it('protobufjs reads what a server writes, and is read', () => {
  fc.assert(
    fc.property(serverFrame, (given) => {
      const [bytes] = throughProtobuf<ServerFrame>([given], 4096, writeServerFrame) as [Buffer];
      const decoded = wire.ServerFrame.decode(bytes);
      const again = Buffer.from(wire.ServerFrame.encode(decoded).finish());
      expect(comparable(readServerFrame(again))).toEqual(comparable(given));
    }),
    MANY,
  );
});

it('protobufjs reads what a core writes, and is read', () => {
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
        readServerFrame(damaged);
      } catch (error) {
        expect(error).toMatchObject({ name: 'FrameError' });
      }
    }),
    { numRuns: 3000 },
  );
});
