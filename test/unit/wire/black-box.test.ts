import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BOX, formatHeader, readHeader, readRing as readRingInto, ringBytes } from '../../../src/wire/black-box.js';
import { makeTempDir } from '../../helpers/temp-dir.js';
import { collect, logRecord } from './records.js';

let fd: number;
beforeEach(() => {
  fd = openSync(join(makeTempDir(), 'box'), 'w+');
});
afterEach(() => closeSync(fd));

describe('the header', () => {
  it('is read as it was made', () => {
    writeSync(fd, formatHeader(7, 65536), 0, undefined, 0);
    expect(readHeader(fd)).toEqual({
      head: 0,
      tail: 0,
      phase: 'booting',
      currentSeq: 0,
      currentEvent: null,
      cause: null,
      currentStart: 0n,
      droppedLogs: 0,
      refusedSends: 0,
      exitCode: null,
      signalFrom: null,
      handedOn: { position: 0, sends: 0 },
    });
  });

  it('is made with its generation and the size of its ring', () => {
    const header = formatHeader(0xfffffffe, 8 * 1024 * 1024);
    expect(header).toHaveLength(BOX.headerBytes);
    expect(header.toString('latin1', 0, 8)).toBe('MBLKBOX1');
    expect(header.readUInt32LE(8)).toBe(BOX.version);
    expect(header.readUInt32LE(BOX.generation)).toBe(0xfffffffe);
    expect(header.readBigUInt64LE(BOX.ringSize)).toBe(8n * 1024n * 1024n);
  });

  it('gives the values that the host wrote into it', () => {
    const header = formatHeader(7, 65536);
    header.writeBigUInt64LE(2n ** 40n + 8n, BOX.head);
    header.writeBigUInt64LE(2n ** 40n - 8n, BOX.tail);
    header.writeBigUInt64LE(3n, BOX.droppedLogs);
    header.writeBigUInt64LE(4n, BOX.refusedSends);
    header.writeUInt32LE(1, BOX.exitCalled);
    header.writeInt32LE(-3, BOX.exitCode);
    header.writeBigUInt64LE(2n ** 40n, BOX.taken);
    header.writeBigUInt64LE(7n, BOX.takenSends);
    header.writeUInt32LE(3, BOX.phase);
    header.writeBigUInt64LE(2n ** 33n, BOX.currentSeq);
    header.writeBigUInt64LE(2n ** 60n + 1n, BOX.currentStart);
    header.writeUInt32LE(6, BOX.currentEvent);
    header.writeUInt32LE(1, BOX.causeEvent);
    header.writeBigUInt64LE(2n ** 64n - 1n, BOX.causeId);
    header.writeInt32LE(77, BOX.signalFrom);
    writeSync(fd, header, 0, undefined, 0);
    expect(readHeader(fd)).toEqual({
      head: 2 ** 40 + 8,
      tail: 2 ** 40 - 8,
      phase: 'serving',
      currentSeq: 2 ** 33,
      currentEvent: 'http',
      cause: { event: 'message', messageId: 2n ** 64n - 1n },
      currentStart: 2n ** 60n + 1n,
      droppedLogs: 3,
      refusedSends: 4,
      exitCode: -3,
      signalFrom: 77,
      handedOn: { position: 2 ** 40, sends: 7 },
    });
  });

  it('of a box from before the newest fields is read too: their place has zeros', () => {
    writeSync(
      fd,
      Buffer.concat([formatHeader(7, 65536).subarray(0, BOX.sendsClosed), Buffer.alloc(100)]),
      0,
      undefined,
      0,
    );
    expect(readHeader(fd)).toMatchObject({ head: 0, phase: 'booting' });
  });

  it('with an unknown event counts as executing nothing', () => {
    const header = formatHeader(7, 65536);
    header.writeUInt32LE(7, BOX.currentEvent);
    header.writeUInt32LE(0xffffffff, BOX.causeEvent);
    writeSync(fd, header, 0, undefined, 0);
    expect(readHeader(fd)).toMatchObject({ currentEvent: null, cause: null });
  });

  it.each([
    [0, 'booting'],
    [1, 'loading'],
    [2, 'init'],
    [3, 'serving'],
    [4, 'cleanup'],
    [5, 'init-by-default'],
    [6, 'booting'],
    [0xffffffff, 'booting'],
  ])('shows the phase %d as %s', (number, phase) => {
    const header = formatHeader(7, 65536);
    header.writeUInt32LE(number, BOX.phase);
    writeSync(fd, header, 0, undefined, 0);
    expect(readHeader(fd)).toMatchObject({ phase });
  });

  it.each([0, 1, 8])('is not taken when byte %d was overwritten', (at) => {
    const header = formatHeader(7, 65536);
    header[at] = 0xff;
    writeSync(fd, header, 0, undefined, 0);
    expect(readHeader(fd)).toBeNull();
  });

  it('of a short file is not taken', () => {
    writeSync(fd, formatHeader(7, 65536).subarray(0, 50), 0, undefined, 0);
    expect(readHeader(fd)).toBeNull();
  });
});

const readRing = (fd: number, size: number, from: number, head: number) =>
  collect((sink) => readRingInto(fd, size, from, head, sink));

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

  it('is read from the acknowledged position on, also far beyond 2^32', () => {
    const from = 2 ** 40 + size - 32;
    const old = logRecord(from - 40, 0, Buffer.from('old'));
    put(from - old.length, old);
    const texts = ['first', 'second', 'third'];
    let head = from;
    for (const text of texts) {
      const record = logRecord(head, 0, Buffer.from(text));
      put(head, record);
      head += record.length;
    }
    const { entries, skippedBytes } = readRing(fd, size, from, head);
    expect(entries.map(({ log }) => Buffer.from(log?.text ?? []).toString())).toEqual(texts);
    expect(skippedBytes).toBe(0);
  });

  it('has nothing behind the end of a file that is too short', () => {
    const record = logRecord(0, 0, Buffer.from('there'));
    put(0, record);
    const { entries, skippedBytes } = readRing(fd, size, 0, 4096);
    expect(entries).toHaveLength(1);
    expect(skippedBytes).toBe(4096 - record.length);
  });

  it.each([
    ['before what was taken over', 100, 50],
    ['farther than the ring is large', 0, size + 8],
    ['beyond every number', 0, 2 ** 64],
    ['where it was', 64, 64],
  ])('with a head %s is not read', (_, from, head) => {
    expect(readRing(fd, size, from, head)).toEqual({ entries: [], skippedBytes: 0 });
  });

  it('has the requested size in whole pages', () => {
    expect(ringBytes(8 * 1024 * 1024)).toBe(8 * 1024 * 1024 - BOX.ringOffset);
    expect(ringBytes(3_000_000) % 65536).toBe(0);
  });
});
