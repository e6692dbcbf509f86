/** Events of clients of other makes, which may encode them in another way than this build. */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Conversation } from '../../../../src/supervisor/calls/conversation.js';
import { CallEvent } from '../../../../src/wire/call-event.js';
import type { ServerEvent } from '../../../../src/wire/gateway/frames.js';
import { FrameOut } from '../../../../src/wire/gateway/protobuf/frame-out.js';
import { readServerFrame } from '../../../../src/wire/gateway/protobuf/read-server-frame.js';
import { writeServerFrame } from '../../../../src/wire/gateway/protobuf/write-server-frame.js';
import { fromWireParams } from '../../../../src/wire/params.js';
import { among } from './among.js';
import { comparable, params } from './arbitraries.js';

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}

function field(number: number, content: number[]): number[] {
  return [...varint(number * 8 + 2), ...varint(content.length), ...content];
}

const ID = [0x09, 7, 0, 0, 0, 0, 0, 0, 0];
const GROUP = [0x21, 9, 0, 0, 0, 0, 0, 0, 0x80];
const TO = field(12, [...Buffer.from('bob')]);
const FROM = field(13, [...Buffer.from('alice')]);
const PAYLOAD = field(2, [...Buffer.from('hello')]);
const UNKNOWN = [0xf8, 0x07, 1, ...field(300, [1, 2])];

function frame(...event: number[][]): Buffer {
  return Buffer.from(field(2, event.flat()));
}

const usual = frame(ID, field(3, [...field(1, [...GROUP, ...TO, ...FROM]), ...PAYLOAD]));

it.each([
  ['its fields in another order', frame(field(3, [...PAYLOAD, ...field(1, [...FROM, ...TO, ...GROUP])]), ID)],
  [
    'fields that are not known',
    frame(
      UNKNOWN,
      ID,
      field(3, [...field(1, [...GROUP, ...TO, ...UNKNOWN, ...FROM]), ...PAYLOAD, ...UNKNOWN]),
      UNKNOWN,
    ),
  ],
  ['its parameters in two parts', frame(ID, field(3, [...field(1, [...GROUP, ...TO]), ...PAYLOAD, ...field(1, FROM)]))],
  [
    'a field twice',
    frame(ID, field(3, [...field(1, [...GROUP, ...TO, ...field(12, [1]), ...FROM, ...TO]), ...PAYLOAD])),
  ],
  [
    'a length in more bytes than it needs',
    frame(ID, field(3, [...field(1, [...GROUP, ...TO, ...FROM]), 0x12, 0x85, 0x00, ...Buffer.from('hello')])),
  ],
  [
    'no trace, said at length',
    frame(ID, [0x10, 0x80, 0x00], field(3, [...field(1, [...GROUP, ...TO, ...FROM]), ...PAYLOAD])),
  ],
])('an event with %s is read as the same event', (_, bytes) => {
  const read = among(bytes, readServerFrame) as ServerEvent;
  const expected = among(usual, readServerFrame) as ServerEvent;
  expect(comparable(read)).toEqual(comparable(expected));
  expect([...read.event.payload]).toEqual([...expected.event.payload]);
  expect(Buffer.from(read.event.bytes.subarray(read.event.at, read.event.at + read.event.length))).toEqual(
    Buffer.from(expected.event.bytes.subarray(expected.event.at, expected.event.at + expected.event.length)),
  );
});

it('a message without parameters, or without any field, is valid', () => {
  const bare = among(frame(ID, field(3, PAYLOAD)), readServerFrame) as ServerEvent;
  expect(`${bare.event.payload}`).toBe('hello');
  expect(fromWireParams(bare.event.params)).toMatchObject({ to: null, from: null, groupid: 0n });
  const empty = among(frame(ID, [0x1a, 0]), readServerFrame) as ServerEvent;
  expect(empty.event.payload).toHaveLength(0);
  expect(Conversation.ofEvent(empty.event).equals(Conversation.ofEvent(bare.event))).toBe(true);
});

it('a parameter of field 0 does not count', () => {
  const bytes = frame(ID, field(3, field(1, [1, 5, 0, 0, 0, 0, 0, 0, 0])));
  expect(() => among(bytes, readServerFrame)).toThrow('not a protobuf');
});

it('an event has memory of its own: the frame that it came in may be written over', () => {
  const bytes = Buffer.from(usual);
  const { event } = readServerFrame(bytes, 0, bytes.length) as ServerEvent;
  bytes.fill(0xff);
  expect(`${event.payload}`).toBe('hello');
  expect(fromWireParams(event.params).to).toBe('bob');
});

it('everything that is read from damaged bytes can be handed to a module', () => {
  const change = fc.tuple(fc.nat(), fc.nat({ max: 255 }));
  fc.assert(
    fc.property(params, fc.array(change, { minLength: 1, maxLength: 5 }), (given, changes) => {
      const out = new FrameOut();
      const sent = CallEvent.wireMessage(given, Buffer.from('hello'));
      writeServerFrame(out, { kind: 'event', id: 1n, trace: false, event: sent });
      const bytes = Buffer.from(out.take().subarray(4));
      for (const [at, value] of changes) bytes[at % bytes.length] = value;
      let event: CallEvent;
      try {
        ({ event } = among(bytes, readServerFrame) as ServerEvent);
      } catch (error) {
        expect(error).toMatchObject({ name: 'FrameError' });
        return;
      }
      // A Hello, by chance.
      if (event === undefined || event.kind !== 'message') return;
      const { to, from } = event.params;
      expect([...(to ?? []), ...(from ?? [])]).not.toContain(0);
      expect(event.payload.length).toBe(event.payloadBytes);
      expect(event.heldBytes).toBe(event.payloadBytes + (to?.length ?? 0) + (from?.length ?? 0));
      Conversation.ofEvent(event);
    }),
    { numRuns: 3000 },
  );
});

it('an event is of the same conversation as a message with its parameters', () => {
  const address = fc.option(fc.string({ unit: 'grapheme', maxLength: 8 }).map((text) => text.replaceAll('\0', '')));
  fc.assert(
    fc.property(address, address, fc.bigInt({ min: 0n, max: 3n }), (to, from, groupid) => {
      const event = CallEvent.message({ to, from, groupid, id: 5 }, Buffer.from('x'));
      const direct = Conversation.ofMessage(fromWireParams(event.params));
      expect(Conversation.ofEvent(event).equals(direct)).toBe(true);
      const status = CallEvent.status(event.params);
      expect(Conversation.ofEvent(status).equals(Conversation.ofStatus(event.params))).toBe(true);
    }),
  );
});
