import { describe, expect, it } from 'vitest';
import { collectRecords } from '../../../src/wire/records.js';
import { logRecord, resultRecord, sendRecord } from './records.js';

const text = (bytes: unknown) => Buffer.from(bytes as Uint8Array).toString();

/** A generator with a seed, so that a failure can be had again. */
function random(seed: number) {
  let state = seed;
  return (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

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
    ['the length of a line', logRecord(0, 0, Buffer.from('x')), 28],
    ['the length of to', sendRecord(0, { to: Buffer.from('x') }), 24 + 88],
    ['the length of from', sendRecord(0, { from: Buffer.from('x') }), 24 + 92],
    ['the length of a payload', sendRecord(0, { payload: Buffer.from('x') }), 24 + 96],
    ['the length of a changed payload', resultRecord(0, 1, 0, 2, { payload: Buffer.from('x') }), 40 + 96],
  ])('%s may lie', (_, bytes, offset) => {
    for (const lie of [0xffffffff, 0x7fffffff, bytes.length + 1, bytes.length * 2]) {
      const lying = Buffer.from(bytes);
      lying.writeUInt32LE(lie, offset);
      expect(collectRecords(lying, 0).entries).toEqual([]);
    }
  });

  it('never makes the reader fail, or read what is not there', () => {
    const next = random(1);
    const parts: Buffer[] = [];
    for (let at = 0; at < 4096; at += parts.at(-1)?.length as number) {
      parts.push(sendRecord(at, { to: Buffer.from('bob'), payload: Buffer.alloc(next(200), 120) }));
    }
    const whole = Buffer.concat(parts);
    for (let round = 0; round < 2000; round++) {
      const damaged = Buffer.from(whole);
      for (let i = 0; i < 1 + next(20); i++) damaged[next(damaged.length)] = next(256);
      const length = next(damaged.length + 1);
      const { entries, skippedBytes } = collectRecords(damaged.subarray(0, length), 0);
      expect(skippedBytes).toBeLessThanOrEqual(length);
      for (const { sent } of entries) expect(sent?.payload?.length ?? 0).toBeLessThanOrEqual(length);
    }
  });
});
