/**
 * A table of LevelDB: blocks of data, then the block of filters, the meta index, the index, and 48 bytes of footer, which says
 * where these two are. Behind each block stand 1 byte, how it is compressed, and 4 bytes, its masked checksum.
 *
 * LevelDB reads blocks without checking their checksums, and ends the process when a block has an unexpected form.
 *
 * @see doc/table_format.md of LevelDB
 */

import { type LevelRecord, readValue } from './batch.js';
import { crc32c, mask } from './crc32c.js';
import { Cursor } from './cursor.js';
import { Damage } from './damage.js';

const FOOTER_BYTES = 48;
const TRAILER_BYTES = 5;
const MAGIC = Buffer.from('57fb808b247547db', 'hex');
const UNCOMPRESSED = 0;
/** Behind each key: 56 bits of its number, and 8 of the type. */
const TAG_BYTES = 8;

/** Where a block is. */
export interface BlockPlace {
  at: number;
  bytes: number;
}

/** Where the blocks of a table are. The blocks that say so are sound. @throws Damage */
export function blocksOfTable(file: Buffer): { data: BlockPlace[]; filters: BlockPlace[] } {
  if (file.length < FOOTER_BYTES || !file.subarray(-MAGIC.length).equals(MAGIC)) throw new Damage('has no end');
  const footer = new Cursor(file, file.length - FOOTER_BYTES, file.length - MAGIC.length);
  const [metaIndex, index] = [readPlace(footer), readPlace(footer)];
  return { data: placesIn(file, index), filters: placesIn(file, metaIndex) };
}

/** @throws Damage when the checksum of a block is wrong */
export function checkBlock(file: Buffer, { at, bytes }: BlockPlace): void {
  const end = at + bytes;
  if (end + TRAILER_BYTES > file.length || file.readUInt32LE(end + 1) !== mask(crc32c(file, at, end + 1))) {
    throw new Damage(`has a block at ${at} with a wrong checksum`);
  }
}

/** What is in a sound block of data. @throws Damage */
export function* recordsOfBlock(file: Buffer, place: BlockPlace): Generator<LevelRecord> {
  for (const [key, value] of pairsOf(file, place)) {
    if (key.length < TAG_BYTES) throw new Damage(`has a block at ${place.at} with a key that is none`);
    const tag = new Cursor(key, key.length - TAG_BYTES);
    const written = readValue(tag.byte(), () => value);
    yield { key: key.toString('utf8', 0, key.length - TAG_BYTES), sequence: tag.sequence(7), value: written };
  }
}

function placesIn(file: Buffer, index: BlockPlace): BlockPlace[] {
  checkBlock(file, index);
  return [...pairsOf(file, index)].map(([, value]) => readPlace(new Cursor(value)));
}

function readPlace(cursor: Cursor): BlockPlace {
  return { at: cursor.varint(), bytes: cursor.varint() };
}

/** Keys and values. A key is stored without the beginning that it shares with the key before it. */
function* pairsOf(file: Buffer, { at, bytes }: BlockPlace): Generator<[key: Buffer, value: Buffer]> {
  const end = at + bytes;
  if (file[end] !== UNCOMPRESSED) throw new Damage(`has a block at ${at} that is compressed`);
  // Then come the places of keys that are stored as a whole, and their number.
  if (bytes < 4) throw new Damage(`has a block at ${at} without an end`);
  const cursor = new Cursor(file, at, end - 4 * (file.readUInt32LE(end - 4) + 1));
  let key: Buffer = Buffer.alloc(0);
  while (!cursor.isAtEnd) {
    const [shared, unshared, length] = [cursor.varint(), cursor.varint(), cursor.varint()];
    if (shared > key.length) throw new Damage(`has a block at ${at} with a key that is none`);
    key = Buffer.concat([key.subarray(0, shared), cursor.bytes(unshared)]);
    yield [key, cursor.bytes(length)];
  }
}
