import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BOX, formatHeader, readHeader, readRing, ringBytes } from '../../../src/wire/black-box.js';
import { logRecord } from './records.js';

let directory: string;
let fd: number;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'mm-box-'));
  fd = openSync(join(directory, 'box'), 'w+');
});
afterEach(() => {
  closeSync(fd);
  rmSync(directory, { recursive: true });
});

describe('the header', () => {
  it('is read as it was made', () => {
    writeSync(fd, formatHeader(7, 65536), 0, undefined, 0);
    expect(readHeader(fd)).toEqual({
      head: 0,
      phase: 'booting',
      currentSeq: 0,
      currentStart: 0n,
      droppedLogs: 0,
      refusedSends: 0,
    });
  });

  it.each([0, 1, 8])('is no header any more when byte %d was overwritten', (at) => {
    const header = formatHeader(7, 65536);
    header[at] = 0xff;
    writeSync(fd, header, 0, undefined, 0);
    expect(readHeader(fd)).toBeNull();
  });

  it('of a short file is none', () => {
    writeSync(fd, formatHeader(7, 65536).subarray(0, 50), 0, undefined, 0);
    expect(readHeader(fd)).toBeNull();
  });
});

describe('the ring', () => {
  const size = 65536;
  const put = (position: number, bytes: Buffer) => {
    const at = position % size;
    const first = Math.min(bytes.length, size - at);
    writeSync(fd, bytes, 0, first, BOX.ringOffset + at);
    if (first < bytes.length) writeSync(fd, bytes, first, bytes.length - first, BOX.ringOffset);
  };

  it('is read across its end', () => {
    const from = size * 3 - 16;
    const record = logRecord(from, 0, Buffer.from('across the end'));
    put(from, record);
    const { entries } = readRing(fd, size, from, from + record.length);
    expect(Buffer.from(entries[0]?.log?.text as Uint8Array).toString()).toBe('across the end');
  });

  it.each([
    ['before what was taken over', 100, 50],
    ['farther than the ring is large', 0, size + 8],
    ['beyond every number', 0, 2 ** 64],
    ['where it was', 64, 64],
  ])('with a head %s is not read', (_, from, head) => {
    expect(readRing(fd, size, from, head)).toEqual({ entries: [], skippedBytes: 0 });
  });

  it('is whole pages of what was asked for', () => {
    expect(ringBytes(8 * 1024 * 1024)).toBe(8 * 1024 * 1024 - BOX.ringOffset);
    expect(ringBytes(3_000_000) % 65536).toBe(0);
  });
});
