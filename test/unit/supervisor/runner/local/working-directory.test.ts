import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  findWorkingDirectory,
  ownDirectory,
  removeEmptyDirectories,
} from '../../../../../src/supervisor/runner/local/working-directory.js';

let base: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'mm-work-'));
});
afterEach(() => rmSync(base, { recursive: true }));

it("makes the module's own in the state directory, for its user only", () => {
  const places = { stateDir: join(base, 'state'), runDir: base };
  const found = findWorkingDirectory('a', null, places);
  expect(found).toEqual({ path: join(base, 'state/work/a'), problem: null });
  expect(statSync(found.path).mode & 0o777).toBe(0o700);
  writeFileSync(join(found.path, 'kept'), '');
  expect(findWorkingDirectory('a', null, places)).toEqual(found);
  expect(existsSync(join(found.path, 'kept'))).toBe(true);
});

it('takes one in the run directory when there is no state directory, or no room in it', () => {
  expect(ownDirectory('a', { stateDir: null, runDir: base })).toBe(join(base, 'work/a'));
  const stateDir = join(base, 'a-file');
  writeFileSync(stateDir, '');
  const { path, problem } = findWorkingDirectory('a', null, { stateDir, runDir: base });
  expect(path).toBe(join(base, 'work/a'));
  expect(problem).toMatch(/cannot be made \(ENOTDIR\); it works in .*work\/a, which is lost/);
});

it('never makes a configured one, and says what is wrong with it', () => {
  const find = (path: string) => findWorkingDirectory('a', path, { stateDir: null, runDir: base });
  mkdirSync(join(base, 'there'));
  expect(find(join(base, 'there'))).toEqual({ path: join(base, 'there'), problem: null });
  writeFileSync(join(base, 'file'), '');
  const refused = (why: string) =>
    expect.objectContaining({ code: 'DIRECTORY_UNUSABLE', message: expect.stringContaining(why) });
  expect(() => find(join(base, 'absent'))).toThrow(refused('(ENOENT); make it, or set "directory" to another'));
  expect(() => find(join(base, 'file'))).toThrow(refused('(it is not a directory)'));
  expect(existsSync(join(base, 'absent'))).toBe(false);
});

it('removes only directories that modules have left empty in a run directory', () => {
  for (const name of ['a', 'b']) findWorkingDirectory(name, null, { stateDir: null, runDir: base });
  writeFileSync(join(base, 'work/b/kept'), '');
  removeEmptyDirectories(base);
  expect([existsSync(join(base, 'work/a')), existsSync(join(base, 'work/b/kept'))]).toEqual([false, true]);
  rmSync(join(base, 'work/b/kept'));
  removeEmptyDirectories(base);
  removeEmptyDirectories(base);
  expect(existsSync(join(base, 'work'))).toBe(false);
});
