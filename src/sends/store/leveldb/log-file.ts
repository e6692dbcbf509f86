/**
 * A log of LevelDB, or its MANIFEST, which has the same form: blocks of 32 KiB, each full of pieces of records.
 *
 *     4 bytes   checksum of all that follows, masked
 *     2 bytes   how long the data is
 *     1 byte    a whole record, or its first, middle or last piece
 *     data
 *
 * @see doc/log_format.md of LevelDB
 */

import { crc32c, mask } from './crc32c.js';

const BLOCK_BYTES = 32 * 1024;
const HEADER_BYTES = 7;
/** Data may look like many records. Only this much is checked, which takes milliseconds. */
const MAX_SEARCH_BYTES = 4 * 1024 * 1024;
const [WHOLE, FIRST, MIDDLE, LAST] = [1, 2, 3, 4];

/**
 * The sound records of a log. One that the end of the file cuts off is left out: its writer was killed in the middle of it.
 *
 * @param damaged called for each place where something is missing; LevelDB would skip it
 */
export function* recordsOfLog(file: Buffer, damaged: (what: string) => void): Generator<Buffer> {
  let pieces: Buffer[] | null = null;
  for (let block = 0; block < file.length; block += BLOCK_BYTES) {
    const end = Math.min(block + BLOCK_BYTES, file.length);
    for (let at = block; end - at >= HEADER_BYTES; ) {
      const [next, type] = [at + HEADER_BYTES + file.readUInt16LE(at + 4), file[at + 6]];
      if (next > end && end === file.length && !isWholeUpTo(file, at, end)) return;
      if (next > end || !isSound(file, at, next)) {
        damaged(`a record at ${at} has a wrong checksum`);
        pieces = null;
        break;
      }
      const piece = file.subarray(at + HEADER_BYTES, next);
      const isBegun = pieces !== null;
      if (isBegun !== (type === MIDDLE || type === LAST))
        damaged(`the record at ${at} is in pieces, and one is missing`);
      if (type === WHOLE || type === FIRST) pieces = [piece];
      else pieces?.push(piece);
      if ((type === WHOLE || type === LAST) && pieces !== null) {
        yield pieces.length === 1 ? piece : Buffer.concat(pieces);
        pieces = null;
      }
      at = next;
    }
  }
}

/** No type is 0, so a part that a disk has filled with zeros is not valid. */
function isSound(file: Buffer, at: number, next: number): boolean {
  const type = file[at + 6] as number;
  return type >= WHOLE && type <= LAST && file.readUInt32LE(at) === mask(crc32c(file, at + 6, next));
}

/** Whether a record only seems to be cut off: its length is damaged, but it ends with the file, or others follow. */
function isWholeUpTo(file: Buffer, at: number, end: number): boolean {
  if (isSound(file, at, end)) return true;
  let bytesLeft = MAX_SEARCH_BYTES;
  for (let next = at + 1; end - next >= HEADER_BYTES; next++) {
    const nextEnd = next + HEADER_BYTES + file.readUInt16LE(next + 4);
    if (file[next + 6] !== WHOLE || nextEnd > end) continue;
    if (isSound(file, next, nextEnd)) return true;
    bytesLeft -= nextEnd - next;
    if (bytesLeft < 0) return false;
  }
  return false;
}
