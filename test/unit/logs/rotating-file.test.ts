import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
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

test('lines that cannot be written are dropped, counted, and reported once writing works again', async () => {
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

test('one line that was lost is one line', async () => {
  const full = new RotatingFile('/dev/full', { sizeBytes: 1000, keep: 1, gapLine: (n) => `lost ${n}` });
  full.append('x');
  await full.flush();
  expect(full.problem).toMatch(/ cannot be written, and 1 line of it is lost so far: /);
  await full.close();
});

test('memory is bounded: waiting lines beyond the limit are dropped', async () => {
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

describe('a file that somebody else rotates', () => {
  let file: RotatingFile;
  beforeEach(async () => {
    file = make();
    file.append('before');
    await file.flush();
  });
  afterEach(() => file.close());

  /** Writes a line once the file has had the time to look at its path. */
  async function appendLater(line: string): Promise<void> {
    const now = vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 500);
    file.append(line);
    await file.flush();
    now.mockRestore();
  }

  test('is left when it was moved away: as logrotate does with create, and without', async () => {
    renameSync(path, `${path}-20261129`);
    writeFileSync(path, '');
    await appendLater('after');
    renameSync(path, `${path}-20261130`);
    file.reopen();
    file.append('later');
    await file.flush();
    expect([read(`${path}-20261129`), read(`${path}-20261130`), read(path)]).toEqual([
      'before\n',
      'after\n',
      'later\n',
    ]);
  });

  test('is written at its beginning when it was truncated, as logrotate does with copytruncate', async () => {
    copyFileSync(path, `${path}.1`);
    truncateSync(path);
    await appendLater('after');
    expect([read(`${path}.1`), read(path)]).toEqual(['before\n', 'after\n']);
    // Its size counts from now on: it takes no more lines than it may.
    for (let i = 0; i < 11; i++) file.append('x'.repeat(98));
    await file.flush();
    expect([read(path).length, read(`${path}.1`).length]).toEqual([99, 6 + 10 * 99]);
  });

  test.each([
    ['it', () => rmSync(path)],
    ['its folder', () => rmSync(join(dir, 'logs'), { recursive: true })],
  ])('is made again when %s was removed', async (_, remove) => {
    remove();
    await appendLater('after');
    expect(read(path)).toBe('after\n');
    expect(file.problem).toBeNull();
  });

  test('is made at once when that is asked for, without a line', async () => {
    renameSync(path, `${path}.1`);
    file.reopen();
    await file.flush();
    expect(read(path)).toBe('');
    file.append('after');
    await file.flush();
    expect([read(`${path}.1`), read(path)]).toEqual(['before\n', 'after\n']);
  });

  test('is not rotated because of its size when the full file was moved away', async () => {
    const small = make({ sizeBytes: 12 });
    small.append('aaaa');
    await small.flush();
    rmSync(path);
    writeFileSync(path, '');
    small.append('bbbbb');
    await small.close();
    expect([read(path), existsSync(`${path}.1`)]).toEqual(['bbbbb\n', false]);
  });
});

test('another size and number of files hold from the next line on', async () => {
  const file = make({ sizeBytes: 10, keep: 2 });
  for (const line of ['aaaa', 'bbbb', 'cccc']) file.append(line);
  await file.flush();
  file.keep({ sizeBytes: 5, keep: 1 });
  for (const line of ['dddd', 'eeee']) file.append(line);
  await file.close();
  expect([read(path), read(`${path}.1`), existsSync(`${path}.2`)]).toEqual(['eeee\n', 'dddd\n', false]);
});
