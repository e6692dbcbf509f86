import { describe, expect, it } from 'vitest';
import { seeded } from '../../helpers/random.js';
import { collectRecords, logRecord, record, resultRecord, sendRecord } from './records.js';

const text = (bytes: unknown) => Buffer.from(bytes as Uint8Array).toString();
const NOTHING = Buffer.alloc(0);

describe.each([0, 4096, 2 ** 32 - 8, 2 ** 40 + 16])('records at position %d', (start) => {
  it('are read in order, each of its kind', () => {
    const parts: Buffer[] = [];
    const add = (make: (position: number) => Buffer) => {
      parts.push(make(start + Buffer.concat(parts).length));
    };
    add((at) => logRecord(at, 3, Buffer.from('a line')));
    add((at) =>
      sendRecord(at, { scalars: [0n, 2n ** 64n - 1n], to: Buffer.from('bob'), payload: Buffer.from('hi\0there') }),
    );
    add((at) => record(at, NOTHING, 800));
    add((at) => resultRecord(at, 2 ** 40, -1, 0));
    add((at) => resultRecord(at, 7, 1, 3, { to: Buffer.alloc(0), from: null, payload: Buffer.from('HELLO') }));
    add((at) => resultRecord(at, 8, 0, 4));
    add((at) => resultRecord(at, 9, -(2 ** 31), 1));
    const { entries, skippedBytes } = collectRecords(Buffer.concat(parts), start);
    expect(skippedBytes).toBe(0);
    expect(entries).toHaveLength(6);
    expect(entries[0]?.log).toMatchObject({ level: 3 });
    expect(text(entries[0]?.log?.text)).toBe('a line');
    expect(entries[1]?.sent?.params?.id?.toString()).toBe('18446744073709551615');
    expect(text(entries[1]?.sent?.params?.to)).toBe('bob');
    expect(entries[1]?.sent?.params?.from).toBeUndefined();
    expect(text(entries[1]?.sent?.payload)).toBe('hi\0there');
    expect(entries[2]?.result).toMatchObject({ value: -1, micros: 77 });
    expect(entries[2]?.result?.seq?.toNumber()).toBe(2 ** 40);
    expect(entries[2]?.result).not.toHaveProperty('params');
    expect(text(entries[3]?.result?.payload)).toBe('HELLO');
    expect(entries[3]?.result?.params?.to).toHaveLength(0);
    expect(entries[4]?.result?.expired).toBe(true);
    expect(entries[5]?.result).toMatchObject({ value: -(2 ** 31), params: {} });
  });
});

/** A field of protobuf in hexadecimal: its tag, then what it holds. */
const field = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex');
const LINE = '1a 03 12 01 78'; // log { text: "x" }

describe('an entry', () => {
  it.each([
    ['a number', '78 05'],
    ['a long number', 'f8 ff ff ff 0f ff ff ff ff ff ff ff ff ff 01'],
    ['8 bytes', '79 00 00 00 00 00 00 00 00'],
    ['bytes', '7a 03 61 62 63'],
    ['4 bytes', '7d 00 00 00 00'],
    ['a group', '7b 08 01 7b 7c 12 00 7c'],
    ['a field of another type under a known number', '1d 00 00 00 00'],
  ])('may hold unknown fields, before and behind: %s', (_, unknown) => {
    for (const hex of [
      `${unknown}${LINE}`,
      `${LINE}${unknown}`,
      `1a ${size(`${unknown} 12 01 78`)}${unknown} 12 01 78`,
    ]) {
      const { entries, skippedBytes } = collectRecords(record(0, field(hex)), 0);
      expect(skippedBytes).toBe(0);
      expect(entries.map(({ log }) => text(log?.text))).toEqual(['x']);
    }
  });

  const size = (hex: string) => field(hex).length.toString(16).padStart(2, '0');

  it.each([
    ['a number without an end', `${LINE} 78 ff`],
    ['a number of eleven bytes', `${LINE} 78 ff ff ff ff ff ff ff ff ff ff 01`],
    ['a tag of six bytes', `${LINE} f8 80 80 80 80 00 00`],
    ['a tag beyond 32 bits', `${LINE} f8 ff ff ff 1f 00`],
    ['the field 0', `${LINE} 00 00`],
    ['a type that there is not', `${LINE} 7e 00`],
    ['a length of six bytes', '9a 01 81 80 80 80 80 00 00'],
    ['a length beyond the end', `${LINE} 7a 01`],
    ['a length beyond every end', `${LINE} 7a ff ff ff ff 0f`],
    ['a message that ends within a field', '1a 02 12 01 78'],
    ['a text that ends behind its message', '1a 03 12 02 78'],
    ['the beginning of a group alone', `${LINE} 7b`],
    ['the end of a group alone', `${LINE} 7c`],
    ['a group with the end of another', `${LINE} 7b 84 01`],
    ['groups within groups within groups', `${LINE} ${'7b'.repeat(200)}${'7c'.repeat(200)}`],
    ['more fields than there are', `${LINE} ${'78 00'.repeat(64)}`],
    ['no kind', '78 05'],
  ])('with %s is refused', (_, hex) => {
    const bytes = record(0, field(hex));
    const after = logRecord(bytes.length, 0, Buffer.from('after'));
    const { entries, skippedBytes } = collectRecords(Buffer.concat([bytes, after]), 0);
    expect(entries.map(({ log }) => text(log?.text))).toEqual(['after']);
    expect(skippedBytes).toBe(bytes.length);
  });

  it('has the last kind when it has two; two parts of one kind are merged', () => {
    const [seven, eight] = ['0a 09 09 07 00 00 00 00 00 00 00', '0a 02 18 08'];
    const read = (hex: string) => collectRecords(record(0, field(hex)), 0).entries;
    expect(read(`${seven} ${LINE}`)).toMatchObject([{ log: {} }]);
    expect(read(`${LINE} ${seven}`)[0]?.result?.seq?.toNumber()).toBe(7);
    expect(read(`${seven} ${eight}`)[0]?.result?.seq?.toNumber()).toBe(7);
    expect(read(`${seven} ${eight}`)[0]?.result?.micros).toBe(8);
    expect(read('1a 06 12 01 78 12 01 79').map(({ log }) => text(log?.text))).toEqual(['y']);
  });
});

describe('bytes that are not a record', () => {
  it.each([
    ['one that was not committed', (at: number) => logRecord(at, 0, Buffer.from('lost')).fill(0, 0, 8)],
    ['one of an earlier lap', (at: number) => logRecord(at + 8192, 0, Buffer.from('old'))],
    ['one of an unknown kind', (at: number) => record(at, field('2a 00'))],
    ['a void one that is not empty', (at: number) => record(at, NOTHING, 80).fill(1, 79)],
  ])('%s is stepped over', (_, make) => {
    const before = logRecord(0, 0, Buffer.from('before'));
    const gap = make(before.length);
    const after = logRecord(before.length + gap.length, 0, Buffer.from('after'));
    const { entries, skippedBytes } = collectRecords(Buffer.concat([before, gap, after]), 0);
    expect(entries.map(({ log }) => text(log?.text))).toEqual(['before', 'after']);
    expect(skippedBytes).toBe(gap.length);
  });

  it.each([
    ['the size of a log record', logRecord(0, 0, Buffer.from('x')), 8],
    ['the size of a send record', sendRecord(0, { to: Buffer.from('x') }), 8],
    ['the size of a result record', resultRecord(0, 1, 0, 0), 8],
    ['the size of a void record', record(0, NOTHING), 8],
    ['the length of an entry', logRecord(0, 0, Buffer.from('x')), 12],
  ])('%s may be false', (_, bytes, offset) => {
    // What comes behind it is found all the same.
    const after = logRecord(bytes.length, 0, Buffer.from('after'));
    const longest = bytes.length + after.length;
    for (const lie of [0xffffffff, 0x80000000, 0x7ffffff8, longest + 8, longest + 1, longest]) {
      const lying = Buffer.from(bytes);
      lying.writeUInt32LE(lie, offset);
      const { entries, skippedBytes } = collectRecords(Buffer.concat([lying, after]), 0);
      expect(entries.map(({ log }) => text(log?.text))).toEqual(['after']);
      expect(skippedBytes).toBe(bytes.length);
    }
  });

  it.each([
    ['of a log', logRecord(0, 0, Buffer.from('x')), 17],
    ['of a line', logRecord(0, 0, Buffer.from('x')), 19],
    ['of a send', sendRecord(0, { to: Buffer.from('x') }), 17],
    ['of parameters', sendRecord(0, { to: Buffer.from('x') }), 19],
    ['of to', sendRecord(0, { to: Buffer.from('x') }), 21],
    ['of from', sendRecord(0, { from: Buffer.from('x') }), 21],
    ['of a payload', sendRecord(0, { payload: Buffer.from('x') }), 21],
    ['of a result', resultRecord(0, 1, 0, 3, { to: Buffer.from('x'), payload: Buffer.from('x') }), 17],
    ['of changed parameters', resultRecord(0, 1, 0, 1, { to: Buffer.from('x') }), 30],
    ['of a changed address', resultRecord(0, 1, 0, 1, { to: Buffer.from('x') }), 32],
    ['of a changed payload', resultRecord(0, 1, 0, 2, { payload: Buffer.from('x') }), 30],
  ])('the length %s may be false', (_, bytes, offset) => {
    const after = logRecord(bytes.length, 0, Buffer.from('after'));
    for (let more = 1; more < 128 - (bytes[offset] as number); more++) {
      const lying = Buffer.from(bytes);
      lying[offset] = (bytes[offset] as number) + more;
      const { entries, skippedBytes } = collectRecords(Buffer.concat([lying, after]), 0);
      expect(entries.map(({ log }) => text(log?.text))).toEqual(['after']);
      expect(skippedBytes).toBe(bytes.length);
    }
  });

  it.each([
    ['a log', logRecord(0, 0, Buffer.from('x'.repeat(20))), 24],
    ['a send', sendRecord(0, { payload: Buffer.alloc(20) }), 32],
    ['a result', resultRecord(0, 1, 0, 0), 24],
    ['anything, smaller than its own head', logRecord(0, 0, Buffer.from('x')), 8],
    ['anything, of no whole words', logRecord(0, 0, Buffer.from('x')), 20],
  ])('%s with a size too small for it is stepped over', (_, bytes, size) => {
    const cut = Buffer.from(bytes);
    cut.writeUInt32LE(size, 8);
    expect(collectRecords(cut, 0)).toEqual({ entries: [], skippedBytes: cut.length });
  });

  it('is counted at the end too, where no head fits', () => {
    const whole = logRecord(0, 0, Buffer.from('x'));
    expect(collectRecords(Buffer.concat([whole, Buffer.alloc(8)]), 0)).toMatchObject({ skippedBytes: 8 });
    expect(collectRecords(Buffer.alloc(0), 0)).toEqual({ entries: [], skippedBytes: 0 });
  });

  it('never makes the reader fail, or read what is not there', () => {
    const next = seeded(1);
    const parts: Buffer[] = [];
    for (let at = 0; at < 4096; at += parts.at(-1)?.length as number) {
      const block = { to: Buffer.from('bob'), from: Buffer.from('al'), payload: Buffer.alloc(next(200), 120) };
      const kinds = [
        () => sendRecord(at, block),
        () => logRecord(at, 1, block.payload),
        () => resultRecord(at, 1, 1, 3, block),
      ];
      parts.push(kinds[next(kinds.length)]?.() as Buffer);
    }
    const whole = Buffer.concat(parts);
    let found = 0;
    for (let round = 0; round < 1000; round++) {
      const damaged = Buffer.from(whole);
      for (let i = 0; i < 1 + next(20); i++) damaged[next(damaged.length)] = next(256);
      const readable = damaged.subarray(0, next(damaged.length + 1));
      const { entries, skippedBytes } = collectRecords(readable, 0);
      expect(skippedBytes).toBeLessThanOrEqual(readable.length);
      found += entries.length;
      for (const { sent, log, result } of entries) {
        const { params, payload } = sent ?? result ?? {};
        for (const part of [params?.to, params?.from, payload, log?.text]) {
          if (part == null || part.length === 0) continue;
          const at = part.byteOffset - readable.byteOffset;
          // One comparison: there are some hundred thousand of them.
          const isInside = part.buffer === readable.buffer && at >= 0 && at + part.length <= readable.length;
          if (!isInside) expect.fail(`round ${round}: ${part.length} bytes at ${at} of ${readable.length}`);
        }
      }
    }
    expect(found).toBeGreaterThan(5_000);
  });
});

describe('a ring that was made to be expensive', () => {
  const BYTES = 8 * 1024 * 1024;

  /** Every few bytes the head of a record that claims all the rest, with `entry` behind it. */
  function makeHeads(entry: Buffer, length: (rest: number) => number): Buffer {
    const bytes = Buffer.alloc(BYTES);
    const step = 16 + Math.ceil(entry.length / 8) * 8;
    for (let at = 0; at + step <= bytes.length; at += step) {
      bytes.writeBigUInt64LE(BigInt(at) ^ 0x9e3779b97f4a7c15n, at);
      bytes.writeUInt32LE(bytes.length - at, at + 8);
      bytes.writeUInt32LE(length(bytes.length - at - 16), at + 12);
      entry.copy(bytes, at + 16);
    }
    return bytes;
  }

  it.each([
    ['entries of no kind', '2a 00', (rest: number) => rest],
    ['fields without end', '78 00 78 00 78 00 78 00', (rest: number) => rest],
    ['groups without end', '7b 7b 7b 7b 7b 7b 7b 7b', (rest: number) => rest],
    ['nothing, which is not empty', '00 ff', () => 0],
  ])('costs no more than its length: %s', (_, hex, length) => {
    const bytes = makeHeads(field(hex), length);
    const began = performance.now();
    expect(collectRecords(bytes, 0)).toEqual({ entries: [], skippedBytes: bytes.length });
    // Some tens of milliseconds; reading the rest of the box for each claim would take hours.
    expect(performance.now() - began).toBeLessThan(10_000);
  });
});
