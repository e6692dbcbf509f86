import { spawnSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BackgroundWriter } from '../../../src/daemon/background-writer.js';

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'writer-'));
});

afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

/** A pipe whose reader reads when the test says so. */
function makeFifo(): { reader: number; writer: number } {
  const path = join(dir, 'fifo');
  spawnSync('mkfifo', [path]);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return { reader, writer: openSync(path, constants.O_WRONLY | constants.O_NONBLOCK) };
}

function readWhatIsThere(fd: number, chunk: Buffer): number {
  try {
    return readSync(fd, chunk);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0;
    throw error;
  }
}

test('everything is written in order by the time it is closed', async () => {
  const path = join(dir, 'out');
  const fd = openSync(path, 'w');
  const writer = new BackgroundWriter(fd);
  for (let i = 0; i < 1000; i += 1) writer.write(`${i}\n`);
  expect(await writer.close(10_000)).toBe(true);
  closeSync(fd);
  expect(readFileSync(path, 'utf8')).toBe(Array.from({ length: 1000 }, (_, i) => `${i}\n`).join(''));
});

test('a full pipe that does not block holds up nobody, and waiting output arrives when it is read', async () => {
  const { reader, writer: fd } = makeFifo();
  const writer = new BackgroundWriter(fd);
  const text = 'x'.repeat(200_000);
  writer.write(text);
  const closed = writer.close(10_000);
  const chunk = Buffer.alloc(65_536);
  let received = 0;
  await expect
    .poll(() => {
      received += readWhatIsThere(reader, chunk);
      return received;
    })
    .toBe(text.length);
  expect(await closed).toBe(true);
  closeSync(reader);
  closeSync(fd);
});

test('closing does not wait longer than it may for a full pipe', async () => {
  const { reader, writer: fd } = makeFifo();
  const writer = new BackgroundWriter(fd);
  writer.write('x'.repeat(200_000));
  expect(await writer.close(100)).toBe(true);
  closeSync(reader);
  closeSync(fd);
});

test('a reader that has gone costs the output only', async () => {
  const { reader, writer: fd } = makeFifo();
  closeSync(reader);
  const writer = new BackgroundWriter(fd);
  writer.write('lost');
  expect(await writer.close(10_000)).toBe(true);
  closeSync(fd);
});

test('a disk without space costs the output only', async () => {
  const fd = openSync('/dev/full', 'w');
  const writer = new BackgroundWriter(fd);
  writer.write('lost');
  expect(await writer.close(10_000)).toBe(true);
  closeSync(fd);
});

test('output beyond the bound is dropped', async () => {
  const path = join(dir, 'out');
  const fd = openSync(path, 'w');
  const writer = new BackgroundWriter(fd, 10);
  for (const text of ['aaaa\n', 'bbbb\n', 'cccc\n']) writer.write(text);
  await writer.close(10_000);
  closeSync(fd);
  expect(readFileSync(path, 'utf8')).toBe('aaaa\nbbbb\n');
});

test('a write that the system holds up is reported', async () => {
  const path = join(dir, 'fifo');
  spawnSync('mkfifo', [path]);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const fd = openSync(path, constants.O_WRONLY);
  const writer = new BackgroundWriter(fd);
  writer.write('x'.repeat(200_000));
  expect(await writer.close(200)).toBe(false);
  // Without a reader the write ends.
  closeSync(reader);
  await expect.poll(() => writer.close(0)).toBe(true);
  closeSync(fd);
});
