import { copyFileSync, renameSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readIdentity } from '../../../../src/file-identity.js';
import type { LoadableFile } from '../../../../src/supervisor/builds/build.js';
import { wasOverwritten } from '../../../../src/supervisor/builds/overwritten.js';
import { makeTempDir } from '../../../helpers/temp-dir.js';

const BYTES = Buffer.alloc(600 * 1024, 'module');
const CHANGED = Buffer.concat([BYTES.subarray(0, -1), Buffer.from('!')]);

it.each<[string, (file: string, copy: string) => void, boolean]>([
  ['nothing happened', () => {}, false],
  ['it was overwritten by as many bytes', (file) => writeFileSync(file, CHANGED), true],
  ['it was overwritten by fewer bytes', (file) => writeFileSync(file, 'short'), true],
  ['it was cut short', (file) => truncateSync(file, 10), true],
  ['it was overwritten by the same bytes', (file) => writeFileSync(file, BYTES), false],
  ['it got another date', (file) => utimesSync(file, 1, 1), false],
  [
    'it got another date, and the copy is gone',
    (file, copy) => {
      rmSync(copy);
      utimesSync(file, 1, 1);
    },
    true,
  ],
  ['it was removed', (file) => rmSync(file), false],
  [
    'it was replaced',
    (file) => {
      writeFileSync(`${file}.new`, CHANGED);
      renameSync(`${file}.new`, file);
    },
    false,
  ],
])('%s: %#', (_, change, expected) => {
  const directory = makeTempDir();
  const [file, copy] = [join(directory, 'm.so'), join(directory, 'copy')];
  writeFileSync(file, BYTES);
  copyFileSync(file, copy);
  const loaded: LoadableFile = {
    path: file,
    source: 'original',
    build: null,
    identity: readIdentity(file),
    problem: null,
  };
  change(file, copy);
  expect(wasOverwritten(loaded, copy)).toBe(expected);
  expect(wasOverwritten({ ...loaded, source: 'kept' }, copy)).toBe(false);
});
