import { expect, it } from 'vitest';
import { crc32c, mask } from '../../../src/sends/store/leveldb/crc32c.js';

/** Of RFC 3720, B.4. */
it.each([
  ['32 zeros', Buffer.alloc(32), 0x8a9136aa],
  ['32 ones', Buffer.alloc(32, 0xff), 0x62a8ab43],
  ['rising bytes', Buffer.from(Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e],
  ['falling bytes', Buffer.from(Array.from({ length: 32 }, (_, i) => 31 - i)), 0x113fdb5c],
  ['nine digits', Buffer.from('123456789'), 0xe3069283],
])('the checksum of %s is that of the standard', (_, bytes, expected) => {
  expect(crc32c(bytes, 0, bytes.length)).toBe(expected);
  const within = Buffer.concat([Buffer.alloc(3, 7), bytes, Buffer.alloc(3, 7)]);
  expect(crc32c(within, 3, 3 + bytes.length)).toBe(expected);
});

it('is masked as LevelDB does it', () => {
  expect(mask(0)).toBe(0xa282ead8);
  expect(mask(0xffffffff)).toBe(0xa282ead7);
});
