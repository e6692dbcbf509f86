import { expect, it } from 'vitest';
import { parseJournal } from '../../../bench/soak/journal.js';

function record(kind: number, number: number, value = 0): Buffer {
  const bytes = Buffer.alloc(64);
  bytes.writeUInt32LE(kind, 0);
  bytes.writeUInt32LE(77, 4);
  bytes.writeUInt32LE(number, 8);
  bytes.writeUInt32LE(0xfedcba98, 12);
  bytes.writeBigUInt64LE(2n ** 63n + 1n, 16);
  bytes.writeInt32LE(value, 24);
  return bytes;
}

it('groups the records by message, in their order', () => {
  const journal = parseJournal(Buffer.concat([record(1, 5), record(1, 6), record(5, 5, 1), record(3, 6, -1)]));
  const common = { pid: 77, hash: 0xfedcba98, refid: 2n ** 63n + 1n };
  expect([...journal]).toEqual([
    [
      5,
      [
        { kind: 'begun', number: 5, value: 0, ...common },
        { kind: 'decided', number: 5, value: 1, ...common },
      ],
    ],
    [
      6,
      [
        { kind: 'begun', number: 6, value: 0, ...common },
        { kind: 'sent', number: 6, value: -1, ...common },
      ],
    ],
  ]);
});

it('refuses a journal that holds part of a record, or a record of no kind', () => {
  expect(() => parseJournal(record(1, 5).subarray(0, 63))).toThrow('63 bytes holds part of a record');
  expect(() => parseJournal(Buffer.concat([record(1, 5), record(9, 5)]))).toThrow('kind 9 at byte 64');
  expect(() => parseJournal(record(0, 5))).toThrow('kind 0');
});
