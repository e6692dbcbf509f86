/**
 * What one write of LevelDB has in a log:
 *
 *     8 bytes   number of its first put or removal
 *     4 bytes   how many they are
 *     of each   1 byte: 1 for a put, 0 for a removal; its key; of a put its value
 *
 * @see db/write_batch.cc of LevelDB
 */

import { Cursor } from './cursor.js';
import { Damage } from './damage.js';

/** A put; without a value, a removal. */
export interface LevelRecord {
  key: string;
  /** A later one has a higher number. */
  sequence: number;
  value: Buffer | null;
}

const [REMOVAL, PUT] = [0, 1];

/** @throws Damage */
export function decodeBatch(bytes: Buffer): LevelRecord[] {
  const cursor = new Cursor(bytes);
  const first = cursor.sequence(8);
  const count = cursor.uint32();
  const records: LevelRecord[] = [];
  while (!cursor.isAtEnd) {
    const type = cursor.byte();
    const key = cursor.string().toString();
    records.push({ key, sequence: first + records.length, value: readValue(type, () => cursor.string()) });
  }
  if (records.length !== count) throw new Damage(`has ${records.length} writes in place of ${count}`);
  return records;
}

/** @throws Damage */
export function readValue(type: number, read: () => Buffer): Buffer | null {
  if (type > PUT) throw new Damage(`has a write of the unknown type ${type}`);
  return type === REMOVAL ? null : read();
}
