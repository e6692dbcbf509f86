import { readdirSync } from 'node:fs';
import { afterEach, expect, it } from 'vitest';
import { type BoxFile, makeBox } from '../../../src/supervisor/box-file.js';

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

it.each([
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
