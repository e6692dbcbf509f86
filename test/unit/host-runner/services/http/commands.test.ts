import { describe, expect, it } from 'vitest';
import { decodeCommand } from '../../../../../src/host-runner/services/http/commands.js';

const NUMBERS = [1n, 2n, 3n, 4n, 5n, 6n, 7n, 0n];

/** As the shim writes one. */
function encode(kind: number, id: bigint, numbers: bigint[] = [], texts: (Buffer | null)[] = []): Buffer {
  const parts = [Buffer.alloc(16), ...numbers.map(toBytes)];
  for (const text of texts) {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(text?.length ?? 0xffff_ffff);
    parts.push(length, text ?? Buffer.alloc(0));
  }
  const used = Buffer.concat(parts);
  const bytes = Buffer.concat([used, Buffer.alloc((8 - (used.length % 8)) % 8)]);
  bytes.writeUInt32LE(kind, 0);
  bytes.writeUInt32LE(bytes.length, 4);
  bytes.writeBigUInt64LE(id, 8);
  return bytes;
}

function toBytes(number: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(number);
  return bytes;
}

describe('a command of the shim', () => {
  it('that asks for something', () => {
    const names =
      'url post proxy content_type extra_header user_agent referrer origin cookie encoding cache_control accept etag';
    const texts = names.split(' ').map((name) => Buffer.from(name));
    expect(decodeCommand(encode(1, 2n ** 53n - 1n, NUMBERS, texts))).toEqual({
      kind: 'request',
      id: 2 ** 53 - 1,
      ask: {
        ...Object.fromEntries(names.split(' ').map((name) => [name, name])),
        post: Buffer.from('post'),
        ims: 1,
        maxredirects: 2,
        conn_timeout: 3,
        header_timeout: 4,
        body_timeout: 5,
        total_timeout: 6,
        retries: 7,
      },
    });
  });

  it('distinguishes NULL from an empty text, and takes any byte and numbers of any size', () => {
    const texts = [Buffer.from([0xff, 0xc3, 0xa4]), Buffer.alloc(0), ...Array.from({ length: 11 }, () => null)];
    const command = decodeCommand(encode(1, 1n, [2n ** 64n - 1n, ...NUMBERS.slice(1)], texts));
    expect(command).toMatchObject({ ask: { url: '\xff\xc3\xa4', post: Buffer.alloc(0), proxy: null, etag: null } });
    expect(command).toMatchObject({ ask: { ims: 2 ** 64 } });
  });

  it('shares no memory with its source', () => {
    const texts = [Buffer.from('u'), Buffer.from('post'), ...Array.from({ length: 11 }, () => null)];
    const bytes = encode(1, 1n, NUMBERS, texts);
    const command = decodeCommand(bytes);
    bytes.fill(0);
    expect(command).toMatchObject({ ask: { url: 'u', post: Buffer.from('post') } });
  });

  it('that ends or goes on with something', () => {
    expect(decodeCommand(encode(2, 7n))).toEqual({ kind: 'cancel', id: 7 });
    expect(decodeCommand(encode(3, 8n))).toEqual({ kind: 'resume', id: 8 });
  });

  it('that is invalid is refused', () => {
    expect(() => decodeCommand(encode(4, 1n))).toThrow('there is no command 4');
    expect(() => decodeCommand(Buffer.alloc(3))).toThrow(RangeError);
    const long = encode(1, 1n, NUMBERS, [Buffer.alloc(8)]);
    long.writeUInt32LE(100, 80);
    expect(() => decodeCommand(long)).toThrow('a text of 100 bytes goes beyond its command');
  });
});
