import { execFileSync } from 'node:child_process';
import { symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readSourceLines } from '../../../src/crashes/source-lines.js';
import { makeTempDir } from '../../helpers/temp-dir.js';

const LATER = Date.now() + 60_000;

function source(name = 'a.c', text = 'one\ntwo\nthree\nfour\nfive\nsix\n'): string {
  const path = join(makeTempDir(), name);
  writeFileSync(path, text);
  return path;
}

it('has two lines before and two behind', () => {
  const path = source();
  expect(readSourceLines(path, 4, LATER)).toEqual({
    first: 2,
    lines: ['two', 'three', 'four', 'five', 'six'],
    isNewer: false,
  });
  expect(readSourceLines(path, 1, LATER)).toMatchObject({ first: 1, lines: ['one', 'two', 'three'] });
  expect(readSourceLines(path, 6, LATER)).toMatchObject({ first: 4, lines: ['four', 'five', 'six', ''] });
});

it('says when the file was written after the crash', () => {
  const path = source();
  utimesSync(path, 1000, 1000);
  expect(readSourceLines(path, 1, 2_000_000)?.isNewer).toBe(false);
  expect(readSourceLines(path, 1, 500_000)?.isNewer).toBe(true);
});

it('reads nothing but sources: the path is what the module says', () => {
  const pipe = join(makeTempDir(), 'pipe.c');
  execFileSync('mkfifo', [pipe]);
  for (const path of ['/etc/passwd', '/dev/zero', 'a.c', '/nowhere/a.c', pipe, makeTempDir(), source('shadow')])
    expect(readSourceLines(path, 1, LATER)).toBeNull();
  expect(readSourceLines(source(), 9, LATER)).toBeNull();
  expect(readSourceLines(source(), 0, LATER)).toBeNull();
  expect(readSourceLines(source('big.c', 'x'.repeat(5 * 1024 * 1024)), 1, LATER)).toBeNull();
});

it('a long line is cut', () => {
  const path = source('long.rs', 'y'.repeat(100_000));
  expect(readSourceLines(path, 1, LATER)?.lines[0]).toHaveLength(400);
  const link = join(makeTempDir(), 'link.rs');
  symlinkSync(path, link);
  expect(readSourceLines(link, 1, LATER)?.first).toBe(1);
  const elsewhere = join(makeTempDir(), 'passwd.c');
  symlinkSync('/etc/passwd', elsewhere);
  expect(readSourceLines(elsewhere, 1, LATER)).toBeNull();
});
