import { fstatSync, readdirSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import {
  type BoxFile,
  formatBoxName,
  makeBox,
  parseBoxName,
} from '../../../../../../src/supervisor/runner/local/black-box/box-file.js';
import { BOX, boxBytes, ringOfBox } from '../../../../../../src/wire/black-box.js';
import { makeTempDir } from '../../../../../helpers/temp-dir.js';
import { collect, logRecord } from '../../../../wire/records.js';

let box: BoxFile | undefined;
afterEach(() => {
  box?.close();
  box = undefined;
});
const name = { runId: `${process.pid}`.padStart(16, '0'), module: 'a_b', generation: 3 };
const files = () => readdirSync('/dev/shm').filter((file) => file.startsWith(`mesibo-modules-${name.runId}-`));

const readAll = (from: BoxFile, head: number) => collect((sink) => from.readRing(0, head, sink)).entries;

it('is memory with a name while it is open', () => {
  box = makeBox('/dev/shm', name, 4 * 1024 * 1024);
  expect(files()).toEqual([formatBoxName(name)]);
  expect(box.readHeader()).toMatchObject({ head: 0, phase: 'booting', currentSeq: 0 });
  expect(readAll(box, 0)).toEqual([]);
});

it('has all its memory from the beginning', () => {
  box = makeBox('/dev/shm', name, 4 * 1024 * 1024);
  const { size, blocks, mode } = fstatSync(box.fd);
  expect(BOX.ringOffset + box.ringSize).toBe(4 * 1024 * 1024);
  expect(blocks * 512).toBeGreaterThanOrEqual(4 * 1024 * 1024);
  expect(size).toBe(boxBytes(box.ringSize));
  expect(ringOfBox(size)).toBe(box.ringSize);
  expect(mode & 0o777).toBe(0o600);
});

it('is read back, and gives its memory back once', () => {
  box = makeBox('/dev/shm', name, 4 * 1024 * 1024);
  const record = logRecord(0, 0, Buffer.from('a line'));
  writeSync(box.fd, record, 0, undefined, BOX.ringOffset);
  expect(readAll(box, record.length)).toHaveLength(1);
  const { fd } = box;
  box.close();
  box = undefined;
  expect(() => fstatSync(fd)).toThrow('EBADF');
  expect(files()).toEqual([]);
});

it('may lose its name, or its directory, before it is closed', () => {
  const directory = makeTempDir();
  const other = makeBox(directory, name, 2 * 1024 * 1024);
  rmSync(directory, { recursive: true });
  expect(other.readHeader()).toMatchObject({ head: 0 });
  expect(() => other.close()).not.toThrow();
});

it('of a spare host becomes that of a generation, but never replaces another box', () => {
  const directory = makeTempDir();
  const { runId } = name;
  const spare = makeBox(directory, { runId, module: null, generation: 3 }, 2 * 1024 * 1024);
  spare.giveTo(name);
  expect(readdirSync(directory)).toEqual([formatBoxName(name)]);
  const header = Buffer.alloc(16);
  readSync(spare.fd, header, 0, 16, 0);
  expect(header.readUInt32LE(BOX.generation)).toBe(name.generation);
  const second = makeBox(directory, { runId, module: null, generation: 4 }, 2 * 1024 * 1024);
  expect(() => second.giveTo(name)).toThrow('EEXIST');
  spare.close();
  second.close();
  expect(readdirSync(directory)).toEqual([]);
});

it('never takes the place of another', () => {
  const directory = makeTempDir();
  const first = makeBox(directory, name, 2 * 1024 * 1024);
  expect(() => makeBox(directory, name, 2 * 1024 * 1024)).toThrow(
    expect.objectContaining({
      code: 'BLACK_BOX_UNAVAILABLE',
      message: expect.stringContaining(`${join(directory, formatBoxName(name))} exists already; restart the core`),
    }),
  );
  expect(readdirSync(directory)).toEqual([formatBoxName(name)]);
  first.close();
  expect(readdirSync(directory)).toEqual([]);
});

it.each([
  ['mesibo-modules-0123456789abcdef-filter-1', { runId: '0123456789abcdef', module: 'filter', generation: 1 }],
  ['mesibo-modules-0123456789abcdef-a_1-4294967295', { module: 'a_1', generation: 4294967295 }],
  ['mesibo-modules-0123456789abcdef-+-7', { runId: '0123456789abcdef', module: null, generation: 7 }],
  ['mesibo-modules-0123456789abcdef-++-7', null],
  ['mesibo-modules-0123456789abcdef-a-1-2', null],
  ['mesibo-modules-0123456789ABCDEF-a-1', null],
  ['mesibo-modules-0123456789abcdef-a-', null],
  ['mesibo-modules-4711-0123456789abcdef', null],
  ['x-mesibo-modules-0123456789abcdef-a-1', null],
])('of the name %s is %j', (text, read) => {
  if (read === null) expect(parseBoxName(text)).toBeNull();
  else {
    expect(parseBoxName(text)).toMatchObject(read);
    expect(formatBoxName(parseBoxName(text) as never)).toBe(text);
  }
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
])('in %s of %d bytes cannot be made', (directory, bytes, says) => {
  expect(() => makeBox(directory, name, bytes)).toThrow(
    expect.objectContaining({ code: 'BLACK_BOX_UNAVAILABLE', message: expect.stringMatching(says) }),
  );
  expect(files()).toEqual([]);
});
