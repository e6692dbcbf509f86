import { fstatSync, readdirSync, writeSync } from 'node:fs';
import { afterEach, expect, it } from 'vitest';
import { type BoxFile, makeBox } from '../../../src/supervisor/box-file.js';
import { BOX } from '../../../src/wire/black-box.js';
import { logRecord } from '../wire/records.js';

let box: BoxFile | undefined;
afterEach(() => {
  box?.close();
  box = undefined;
});
const files = () => readdirSync('/dev/shm').filter((name) => name.startsWith(`mesibo-modules-${process.pid}-`));

it('is memory without a name', () => {
  box = makeBox('/dev/shm', 3, 4 * 1024 * 1024);
  expect(files()).toEqual([]);
  expect(box.readHeader()).toMatchObject({ head: 0, phase: 'booting', currentSeq: 0 });
  expect(box.readRing(0, 0)).toEqual([]);
});

it('has all its memory from the beginning', () => {
  box = makeBox('/dev/shm', 3, 4 * 1024 * 1024);
  const { size, blocks, nlink, mode } = fstatSync(box.fd);
  expect(size).toBe(4 * 1024 * 1024);
  expect(size).toBe(BOX.ringOffset + box.ringSize);
  expect(blocks * 512).toBeGreaterThanOrEqual(size);
  expect(nlink).toBe(0);
  expect(mode & 0o777).toBe(0o600);
});

it('is read back, and gives its memory back once', () => {
  box = makeBox('/dev/shm', 3, 4 * 1024 * 1024);
  const record = logRecord(0, 0, Buffer.from('a line'));
  writeSync(box.fd, record, 0, undefined, BOX.ringOffset);
  expect(box.readRing(0, record.length)).toHaveLength(1);
  const { fd } = box;
  box.close();
  box = undefined;
  expect(() => fstatSync(fd)).toThrow('EBADF');
});

it.each([
  [
    '/dev/shm',
    2 ** 40,
    /^no memory for the black box: \/dev\/shm has no room for 1099511627776 bytes; free some, or lower black_box$/,
  ],
  [
    '/dev/shm',
    2 ** 44,
    /^no memory for the black box: \/dev\/shm (has no room for|refused) 17592186044416 bytes.*; free some, or lower black_box$/,
  ],
  ['/nonexistent', 2 ** 22, /^no memory for the black box: no file can be made in \/nonexistent \(ENOENT\)/],
])('in %s of %d bytes cannot be had', (directory, bytes, says) => {
  expect(() => makeBox(directory, 1, bytes)).toThrow(
    expect.objectContaining({ code: 'BLACK_BOX_UNAVAILABLE', message: expect.stringMatching(says) }),
  );
  expect(files()).toEqual([]);
});
