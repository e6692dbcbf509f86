import {
  closeSync,
  copyFileSync,
  ftruncateSync,
  openSync,
  readFileSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { lookIfWhole } from '../../../src/stacks/elf/whole.js';
import { fixture } from '../../e2e/core.js';
import { makeTempDir } from '../../helpers/temp-dir.js';

const SOURCE = fixture('versioned');
const bytes = readFileSync(SOURCE);

it('a compiled module is whole', async () => {
  expect(await lookIfWhole(SOURCE)).toEqual({ kind: 'whole' });
});

it('no beginning of it is whole', async () => {
  const path = join(makeTempDir(), 'half.so');
  copyFileSync(SOURCE, path);
  // From its end on, each length once.
  for (let length = bytes.length - 1; length >= 0; length -= 97) {
    truncateSync(path, length);
    expect((await lookIfWhole(path)).kind, `${length} bytes`).toBe('incomplete');
  }
});

it('room that is not filled yet is not whole', async () => {
  const path = join(makeTempDir(), 'holes.so');
  for (let length = 0; length < bytes.length; length += 509) {
    const file = openSync(path, 'w');
    ftruncateSync(file, bytes.length);
    writeSync(file, bytes, 0, length);
    closeSync(file);
    expect((await lookIfWhole(path)).kind, `the first ${length} bytes`).toBe('incomplete');
  }
});

it.each([
  ['an empty file', (path: string) => writeFileSync(path, '')],
  [
    'a text',
    (path: string) => writeFileSync(path, 'no shared object, and longer than the header of one would be, in any case'),
  ],
  ['a program', (path: string) => copyFileSync(process.execPath, path)],
  [
    'a header with numbers that mean nothing',
    (path: string) => writeFileSync(path, Buffer.concat([bytes.subarray(0, 20), Buffer.alloc(200, 0xff)])),
  ],
])('%s is none', async (_, write) => {
  const path = join(makeTempDir(), 'file');
  write(path);
  expect((await lookIfWhole(path)).kind).toBe('incomplete');
});

it('nothing is said of what cannot be read', async () => {
  expect(await lookIfWhole(join(makeTempDir(), 'none.so'))).toEqual({ kind: 'unreadable' });
});
