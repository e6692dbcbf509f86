import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RotatingFile, type RotatingFileOptions } from '../../../src/logs/rotating-file.js';

let dir: string;
let path: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'rotating-'));
  path = join(dir, 'logs', 'core.log');
});

afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

function make(options: Partial<RotatingFileOptions> = {}): RotatingFile {
  return new RotatingFile(path, { sizeBytes: 1000, keep: 2, gapLine: (n) => `lost ${n}`, ...options });
}

function read(file: string): string {
  return readFileSync(file, 'utf8');
}

test('lines arrive in order, and the folder is made', async () => {
  const file = make();
  file.append('one');
  file.append('two');
  await file.flush();
  file.append('three');
  await file.close();
  expect(read(path)).toBe('one\ntwo\nthree\n');
});

test('nothing is written before the turn of the event loop is over, and no file is made without a line', async () => {
  const file = make();
  await file.flush();
  expect(existsSync(path)).toBe(false);
  await file.close();
});

test('the file is rotated before a line would exceed the size, and the oldest beyond keep goes', async () => {
  const file = make({ sizeBytes: 10 });
  for (const line of ['aaaa', 'bbbb', 'cccc', 'dddd', 'eeee', 'ffff', 'gggg']) file.append(line);
  await file.close();
  expect(read(path)).toBe('gggg\n');
  expect(read(`${path}.1`)).toBe('eeee\nffff\n');
  expect(read(`${path}.2`)).toBe('cccc\ndddd\n');
  expect(existsSync(`${path}.3`)).toBe(false);
});

test('a line longer than the size gets a file of its own and is kept whole', async () => {
  const file = make({ sizeBytes: 5 });
  file.append('a');
  file.append('longer than five');
  file.append('b');
  await file.close();
  expect([read(`${path}.2`), read(`${path}.1`), read(path)]).toEqual(['a\n', 'longer than five\n', 'b\n']);
});

test('with keep 0 the file begins anew', async () => {
  const file = make({ sizeBytes: 5, keep: 0 });
  for (const line of ['aaaa', 'bbbb']) file.append(line);
  await file.close();
  expect(read(path)).toBe('bbbb\n');
  expect(existsSync(`${path}.1`)).toBe(false);
});

test('it goes on with a file that is there, after ending a line that a killed core left open', async () => {
  mkdirSync(join(dir, 'logs'));
  writeFileSync(path, 'whole\n{"cut');
  const file = make();
  file.append('next');
  await file.close();
  expect(read(path)).toBe('whole\n{"cut\nnext\n');
});

test('what cannot be written is dropped, counted, and told of once writing works again', async () => {
  writeFileSync(join(dir, 'logs'), 'a file where the folder should be');
  const file = make();
  file.append('one');
  file.append('two');
  await file.flush();
  expect(file.dropped).toBe(2);
  rmSync(join(dir, 'logs'));
  file.append('three');
  await file.flush();
  file.append('four');
  await file.close();
  expect(read(path)).toBe('lost 2\nthree\nfour\n');
  expect(file.dropped).toBe(0);
});

test('a device without space drops lines and never rejects', async () => {
  const troubles: string[] = [];
  const onTrouble = (reason: string) => troubles.push(reason);
  const full = new RotatingFile('/dev/full', { sizeBytes: 1000, keep: 1, gapLine: (n) => `lost ${n}`, onTrouble });
  expect(full.problem).toBeNull();
  for (const line of ['x', 'y']) {
    full.append(line);
    await full.flush();
  }
  await full.close();
  expect(full.dropped).toBe(2);
  expect(troubles).toEqual([expect.stringMatching(/^ENOSPC/)]);
  expect(full.problem).toMatch(/^\/dev\/full cannot be written, and 2 lines of it are lost so far: ENOSPC/);
});

test('memory is bounded: what waits beyond the limit is dropped', async () => {
  const file = make({ maxPendingBytes: 10 });
  for (const line of ['aaaa', 'bbbb', 'cccc']) file.append(line);
  expect(file.dropped).toBe(1);
  await file.flush();
  file.append('dddd');
  await file.close();
  expect(read(path)).toBe('aaaa\nbbbb\nlost 1\ndddd\n');
});

test.skipIf(process.getuid?.() === 0)('a file that may not be written does not throw', async () => {
  mkdirSync(join(dir, 'logs'));
  writeFileSync(path, '');
  chmodSync(path, 0o400);
  const file = make();
  file.append('x');
  await file.close();
  expect(file.dropped).toBe(1);
});
