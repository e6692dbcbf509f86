import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LINE_MAX_BYTES } from '../../../src/logs/bounded-line.js';
import { LogReader } from '../../../src/logs/reader.js';
import { RotatingFile } from '../../../src/logs/rotating-file.js';

let dir: string;
let path: string;
let reader: LogReader;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'reader-'));
  path = join(dir, 'core.log');
  reader = new LogReader(path);
});

afterEach(() => {
  reader.close();
  rmSync(dir, { recursive: true, force: true });
});

test('the last lines come oldest first, from rotated files too', () => {
  writeFileSync(`${path}.2`, '1\n2\n');
  writeFileSync(`${path}.1`, '3\n4\n');
  writeFileSync(path, '5\n');
  expect(reader.last(2)).toEqual(['4', '5']);
  expect(reader.last(4)).toEqual(['2', '3', '4', '5']);
  expect(reader.last(50)).toEqual(['1', '2', '3', '4', '5']);
  expect(reader.last(0)).toEqual([]);
});

test('ten rotated files are read in the order of their numbers', () => {
  for (let age = 1; age <= 11; age += 1) writeFileSync(`${path}.${age}`, `${100 - age}\n`);
  expect(reader.last(3)).toEqual(['97', '98', '99']);
});

test('a condition counts only the lines that it accepts', () => {
  writeFileSync(`${path}.1`, 'a1\nb1\n');
  writeFileSync(path, 'b2\na2\nb3\n');
  expect(reader.last(2, (line) => line.startsWith('a'))).toEqual(['a1', 'a2']);
});

test('lines longer than a read, and characters across two reads, stay whole', () => {
  const long = 'é'.repeat(100_001);
  writeFileSync(path, `x${long}\nshort\n${long}\n`);
  expect(reader.last(3)).toEqual([`x${long}`, 'short', long]);
});

test('a log that does not exist has no lines, and is followed from its beginning once it does', () => {
  expect(reader.last(10)).toEqual([]);
  expect(reader.next()).toEqual([]);
  writeFileSync(path, 'first\n');
  expect(reader.next()).toEqual(['first']);
});

test('following gives each new line once, and a line only when it is complete', () => {
  writeFileSync(path, 'old\nhalf');
  expect(reader.last(10)).toEqual(['old']);
  expect(reader.next()).toEqual([]);
  appendFileSync(path, ' and whole\nnext\n');
  expect(reader.next()).toEqual(['half and whole', 'next']);
  expect(reader.next()).toEqual([]);
});

test('a rotation while following loses and repeats nothing', () => {
  writeFileSync(path, '1\n');
  expect(reader.last(1)).toEqual(['1']);
  appendFileSync(path, '2\n');
  renameSync(path, `${path}.1`);
  writeFileSync(path, '3\n');
  expect(reader.next()).toEqual(['2', '3']);
  appendFileSync(path, '4\n');
  expect(reader.next()).toEqual(['4']);
});

test('two rotations between two reads are followed', () => {
  writeFileSync(path, '1\n');
  reader.last(1);
  renameSync(path, `${path}.2`);
  writeFileSync(`${path}.1`, '2\n');
  writeFileSync(path, '3\n');
  expect(reader.next()).toEqual(['2', '3']);
});

test('the moment between the two steps of a rotation is survived', () => {
  writeFileSync(path, '1\n');
  reader.last(1);
  renameSync(path, `${path}.1`);
  expect(reader.next()).toEqual([]);
  writeFileSync(path, '2\n');
  expect(reader.next()).toEqual(['2']);
});

test('a reader follows a rotating file through every rotation that is kept', async () => {
  const file = new RotatingFile(path, { sizeBytes: 20, keep: 5, gapLine: String });
  reader.last(0);
  const seen: string[] = [];
  for (let i = 0; i < 60; i += 1) {
    file.append(`line ${i}`);
    if (i % 6 === 5) {
      await file.flush();
      seen.push(...reader.next());
    }
  }
  await file.close();
  expect(seen).toEqual(Array.from({ length: 60 }, (_, i) => `line ${i}`));
});

test('a line beyond the limit is cut and marked, from whichever end it is read', () => {
  const whole = 'x'.repeat(LINE_MAX_BYTES);
  writeFileSync(path, `${whole}\n${whole}y\n1${'é'.repeat(LINE_MAX_BYTES)}\nlast\n`);
  const expected = [whole, `${whole} [line cut]`, `1${'é'.repeat(LINE_MAX_BYTES / 2 - 1)} [line cut]`, 'last'];
  expect(reader.last(4)).toEqual(expected);
  reader.close();
  expect(reader.next()).toEqual(expected);
});

test('a line of 100 MB takes no longer than its bytes', () => {
  for (let at = 0; at < 10; at += 1) appendFileSync(path, Buffer.alloc(10_000_000, 0x61));
  appendFileSync(path, '\n');
  const began = performance.now();
  expect(reader.last(1)[0]).toHaveLength(LINE_MAX_BYTES + ' [line cut]'.length);
  reader.close();
  expect(reader.next()).toHaveLength(1);
  expect(performance.now() - began).toBeLessThan(30_000);
});

test.each([
  ['a named pipe', () => execFileSync('mkfifo', [path])],
  ['a folder', () => mkdirSync(path)],
  ['a link to itself', () => symlinkSync(path, path)],
])('%s in place of a log is reported as such', (_what, make) => {
  make();
  const message = `${path} is not a log: it is not a regular file; move it away, or check --state-dir`;
  expect(() => reader.last(1)).toThrow(message);
  expect(() => reader.next()).toThrow(message);
});

test('a file that is moved away under any name is followed until the next one has a line', () => {
  writeFileSync(`${path}.1`, 'long ago\n');
  writeFileSync(path, '1\n');
  expect(reader.last(1)).toEqual(['1']);
  expect(reader.next()).toEqual([]);
  renameSync(path, `${path}-20261129`);
  expect(reader.next()).toEqual([]);
  writeFileSync(path, '');
  expect(reader.next()).toEqual([]);
  appendFileSync(`${path}-20261129`, '2\n');
  expect(reader.next()).toEqual(['2']);
  appendFileSync(`${path}-20261129`, '3\n');
  appendFileSync(path, '4\n');
  expect(reader.next()).toEqual(['3', '4']);
  appendFileSync(path, '5\n');
  expect(reader.next()).toEqual(['5']);
});

test('a file that is truncated is read from its beginning', () => {
  writeFileSync(path, 'one\ntwo\nhal');
  expect(reader.last(1)).toEqual(['two']);
  copyFileSync(path, `${path}.1`);
  truncateSync(path);
  expect(reader.next()).toEqual([]);
  appendFileSync(path, 'new\n');
  expect(reader.next()).toEqual(['new']);
});

test('a file that is removed, with its folder, is followed when it returns', () => {
  writeFileSync(path, '1\n');
  expect(reader.last(1)).toEqual(['1']);
  rmSync(dir, { recursive: true });
  expect(reader.next()).toEqual([]);
  mkdirSync(dir);
  writeFileSync(path, '2\n');
  expect(reader.next()).toEqual(['2']);
});

test('all lines come as they are asked for, and a rotation meanwhile loses and repeats nothing', () => {
  writeFileSync(`${path}.1`, '1\n2\n');
  writeFileSync(path, '3\nhal');
  const lines = reader.all();
  expect(lines.next().value).toBe('1');
  renameSync(`${path}.1`, `${path}.2`);
  renameSync(path, `${path}.1`);
  appendFileSync(`${path}.1`, 'f\n');
  writeFileSync(path, '4\n');
  expect([...lines]).toEqual(['2', '3', 'half']);
  expect(reader.next()).toEqual(['4']);
  expect(reader.next()).toEqual([]);
});

test('a reader that stops asking for lines leaves no file open', () => {
  for (let age = 1; age <= 5; age += 1) writeFileSync(`${path}.${age}`, 'x\n');
  const open = () => readdirSync('/proc/self/fd').length;
  const before = open();
  for (const _ of reader.all()) break;
  reader.close();
  expect(open()).toBe(before);
});
