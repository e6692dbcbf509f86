import { describe, expect, it } from 'vitest';
import { collectRecords } from '../../../src/wire/records.js';
import { seeded } from '../../helpers/random.js';
import { logRecord, resultRecord, sendRecord } from './records.js';

const text = (bytes: unknown) => Buffer.from(bytes as Uint8Array).toString();

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
    add((at) => resultRecord(at, 2 ** 40, -1, 0));
    add((at) => resultRecord(at, 7, 1, 3, { to: Buffer.alloc(0), from: null, payload: Buffer.from('HELLO') }));
    add((at) => resultRecord(at, 8, 0, 4));
    const { entries, skippedBytes } = collectRecords(Buffer.concat(parts), start);
    expect(skippedBytes).toBe(0);
    expect(entries).toHaveLength(5);
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
  });
});

describe('what is no record', () => {
  it.each([
    ['one that was not committed', (at: number) => logRecord(at, 0, Buffer.from('lost')).fill(0, 0, 8)],
    ['one of an earlier lap', (at: number) => logRecord(at + 8192, 0, Buffer.from('old'))],
    ['one of an unknown kind', (at: number) => Buffer.from(logRecord(at, 0, Buffer.from('odd'))).fill(9, 12, 13)],
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
    ['the length of a line', logRecord(0, 0, Buffer.from('x')), 28],
    ['the length of to', sendRecord(0, { to: Buffer.from('x') }), 24 + 88],
    ['the length of from', sendRecord(0, { from: Buffer.from('x') }), 24 + 92],
    ['the length of a payload', sendRecord(0, { payload: Buffer.from('x') }), 24 + 96],
    ['the length of a changed address', resultRecord(0, 1, 0, 1, { to: Buffer.from('x') }), 40 + 88],
    ['the length of a changed payload', resultRecord(0, 1, 0, 2, { payload: Buffer.from('x') }), 40 + 96],
  ])('%s may lie', (_, bytes, offset) => {
    // What comes behind it is found all the same.
    const after = logRecord(bytes.length, 0, Buffer.from('after'));
    const longest = bytes.length + after.length;
    for (const lie of [0xffffffff, 0x80000000, 0x7ffffff8, longest + 8, longest + 1]) {
      const lying = Buffer.from(bytes);
      lying.writeUInt32LE(lie, offset);
      const { entries, skippedBytes } = collectRecords(Buffer.concat([lying, after]), 0);
      expect(entries.map(({ log }) => text(log?.text))).toEqual(['after']);
      expect(skippedBytes).toBe(bytes.length);
    }
  });

  it.each([
    ['a log', logRecord(0, 0, Buffer.from('x')), 24],
    ['a send', sendRecord(0, {}), 64],
    ['a result', resultRecord(0, 1, 0, 0), 32],
    ['a result that announces a message', resultRecord(0, 1, 0, 3, {}), 40],
    ['anything, smaller than its own head', logRecord(0, 0, Buffer.from('x')), 16],
    ['anything, of no whole words', logRecord(0, 0, Buffer.from('x')), 36],
  ])('%s with a size too small for its kind is stepped over', (_, bytes, size) => {
    const cut = Buffer.from(bytes);
    cut.writeUInt32LE(size, 8);
    expect(collectRecords(cut, 0)).toEqual({ entries: [], skippedBytes: cut.length });
  });

  it.each(['to', 'from', 'payload'])('a %s that leaves no room for the last NUL is stepped over', (field) => {
    // Five bytes of text and three NULs fill the record to its end.
    const bytes = sendRecord(0, { [field]: Buffer.from('five!') });
    const at = 24 + 88 + 4 * ['to', 'from', 'payload'].indexOf(field);
    expect(collectRecords(bytes, 0)).toMatchObject({ entries: [{}], skippedBytes: 0 });
    bytes.writeUInt32LE(6, at);
    expect(collectRecords(bytes, 0)).toEqual({ entries: [], skippedBytes: bytes.length });
  });

  it('is counted at the end too, where no head fits', () => {
    const whole = logRecord(0, 0, Buffer.from('x'));
    expect(collectRecords(Buffer.concat([whole, Buffer.alloc(16)]), 0)).toMatchObject({ skippedBytes: 16 });
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
          if (part == null) continue;
          const at = part.byteOffset - readable.byteOffset;
          // One comparison: there are some hundred thousand of them.
          const isInside = part.buffer === readable.buffer && at >= 0 && at + part.length <= readable.length;
          if (!isInside) expect.fail(`round ${round}: ${part.length} bytes at ${at} of ${readable.length}`);
        }
      }
    }
    expect(found).toBeGreaterThan(5_000);
  });

  it('costs no more than its length, even when every word claims to be the head of all the rest', () => {
    const bytes = Buffer.alloc(8 * 1024 * 1024);
    // The commit of each third word is right for its place, and its size reaches to the end; its kind is none.
    for (let at = 0; at + 24 <= bytes.length; at += 24) {
      bytes.writeBigUInt64LE(BigInt(at) ^ 0x9e3779b97f4a7c15n, at);
      bytes.writeUInt32LE(bytes.length - at, at + 8);
    }
    const began = performance.now();
    expect(collectRecords(bytes, 0)).toEqual({ entries: [], skippedBytes: bytes.length });
    // Some tens of milliseconds; reading the rest of the box for each claim would take hours.
    expect(performance.now() - began).toBeLessThan(10_000);
  });
});
