import { renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { isSameInode, readIdentity } from '../../../src/file-identity.js';
import { asChange } from '../../../src/host-runner/file-change.js';
import { makeTempDir } from '../../helpers/temp-dir.js';

it.each<[string, (path: string) => void, { inode: 'same' | 'other' | 'none' }]>([
  ['overwritten', (path) => writeFileSync(path, 'other'), { inode: 'same' }],
  ['dated otherwise', (path) => utimesSync(path, 1, 1), { inode: 'same' }],
  [
    'replaced',
    (path) => {
      writeFileSync(`${path}.new`, 'bytes');
      renameSync(`${path}.new`, path);
    },
    { inode: 'other' },
  ],
  ['removed', (path) => rmSync(path), { inode: 'none' }],
])('a file that was %s is not the one that the core read', (_, change, { inode }) => {
  const path = join(makeTempDir(), 'm.so');
  writeFileSync(path, 'bytes');
  // Its time stamp is an old one, which no write of this test can have.
  utimesSync(path, 2, 2);
  const fileIdentity = readIdentity(path) as string;
  expect(asChange({ path, fileIdentity })).toBeNull();
  change(path);
  expect(asChange({ path, fileIdentity })).toMatchObject({ code: 'MODULE_FILE_CHANGED' });
  const now = readIdentity(path);
  expect(now === null ? 'none' : isSameInode(now, fileIdentity) ? 'same' : 'other').toBe(inode);
});

it('a file that the core could not read is not compared', () => {
  expect(asChange({ path: '/nowhere' })).toBeNull();
});
