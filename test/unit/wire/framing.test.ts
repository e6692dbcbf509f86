import { describe, expect, it } from 'vitest';
import { FrameReader, FrameTooLargeError, frameOf } from '../../../src/wire/framing.js';
import { cutAnywhere, seeded } from '../../helpers/random.js';

const LIMIT = 1024 * 1024;

function stream(...messages: Uint8Array[]): Buffer {
  return Buffer.concat(messages.flatMap(frameOf));
}

/** All messages of chunks that arrive one after the other. */
function read(chunks: Iterable<Buffer>, reader = new FrameReader(LIMIT)): string[] {
  const messages: string[] = [];
  for (const chunk of chunks) {
    reader.push(chunk);
    for (let message = reader.next(); message !== null; message = reader.next()) messages.push(message.toString());
  }
  return messages;
}

describe('a stream of messages', () => {
  const texts = ['first', '', 'x'.repeat(300), '', 'last'];
  const whole = stream(...texts.map((text) => Buffer.from(text)));

  it('has the length before each message', () => {
    expect(Buffer.concat(frameOf(Buffer.from('abc')))).toEqual(Buffer.from([0, 0, 0, 3, 97, 98, 99]));
    expect(Buffer.concat(frameOf(Buffer.alloc(0)))).toEqual(Buffer.from([0, 0, 0, 0]));
  });

  it('is cut into them when it comes at once', () => {
    expect(read([whole])).toEqual(texts);
  });

  it('is cut into them when it is torn at any byte', () => {
    for (let at = 0; at <= whole.length; at++) {
      expect(read([whole.subarray(0, at), whole.subarray(at)])).toEqual(texts);
    }
  });

  it('is cut into them when it comes byte by byte', () => {
    expect(read([...whole].map((byte) => Buffer.from([byte])))).toEqual(texts);
  });

  it('is cut into them however large they are and however it is torn', () => {
    const next = seeded(14);
    for (let round = 0; round < 50; round++) {
      const messages = Array.from({ length: 20 }, (_, i) =>
        Buffer.alloc(next(next(next(300_000) + 1) + 1), `${i % 10}`),
      );
      const chunks = cutAnywhere(stream(...messages), next, 1 + next(100_000));
      expect(read(chunks)).toEqual(messages.map(String));
    }
  });

  it('needs no copy of a message that lies in one chunk', () => {
    const reader = new FrameReader(LIMIT);
    reader.push(whole);
    const first = reader.next() as Buffer;
    expect(first.buffer).toBe(whole.buffer);
    expect(first.byteOffset).toBe(whole.byteOffset + 4);
  });

  it('may be taken some time after it came', () => {
    const reader = new FrameReader(LIMIT);
    reader.push(whole.subarray(0, 7));
    reader.push(whole.subarray(7));
    expect(reader.heldBytes).toBe(whole.length);
    expect(read([], reader)).toEqual([]);
    expect(reader.next()?.toString()).toBe('first');
  });
});

describe('a length over the limit', () => {
  it.each([
    ['one more than allowed', [0x00, 0x10, 0x00, 0x01]],
    ['the largest there is', [0xff, 0xff, 0xff, 0xff]],
    ['the greeting of ZeroMQ', [0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f]],
    ['a line of http', [...Buffer.from('GET / HTTP/1.1\r\n')]],
  ])('is refused: %s', (_, bytes) => {
    const reader = new FrameReader(LIMIT);
    for (const byte of bytes.slice(0, 3)) reader.push(Buffer.from([byte]));
    expect(reader.next()).toBeNull();
    reader.push(Buffer.from(bytes.slice(3)));
    expect(() => reader.next()).toThrow(FrameTooLargeError);
    expect(() => reader.next()).toThrow(/was announced; the limit is 1048576/);
  });

  it('is refused after good messages, which are read', () => {
    const reader = new FrameReader(LIMIT);
    reader.push(Buffer.concat([stream(Buffer.from('good')), Buffer.from([0xff, 0, 0, 0])]));
    expect(reader.next()?.toString()).toBe('good');
    expect(() => reader.next()).toThrow(FrameTooLargeError);
  });

  it('is taken at the limit itself', () => {
    expect(read([stream(Buffer.alloc(LIMIT, 'x'))])).toEqual(['x'.repeat(LIMIT)]);
  });
});

describe('what a reader holds', () => {
  it('is bounded by what came, not by the announced length', () => {
    const reader = new FrameReader(0xffffffff);
    reader.push(Buffer.from([0xff, 0xff, 0xff, 0xff, 1]));
    expect(reader.next()).toBeNull();
    expect(reader.heldBytes).toBeLessThanOrEqual(64 * 1024);
  });

  it('is at most twice as much, also from a slow writer', () => {
    const reader = new FrameReader(LIMIT);
    reader.push(Buffer.concat(frameOf(Buffer.alloc(LIMIT))).subarray(0, 4));
    const byte = Buffer.alloc(1);
    for (let came = 1; came < LIMIT; came++) {
      reader.push(byte);
      if (reader.next() !== null) throw new Error('too early');
      if (came > 64 * 1024 && came % 10_000 === 0) expect(reader.heldBytes).toBeLessThanOrEqual(2 * came);
    }
    reader.push(byte);
    expect(reader.next()).toHaveLength(LIMIT);
    expect(reader.heldBytes).toBe(0);
  });
});
