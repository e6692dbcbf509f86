import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../../src/paths.js';

let dir: string;
let root: string;
beforeAll(() => {
  // A blank in a path is where makefiles break first.
  dir = mkdtempSync(join(tmpdir(), 'install test-'));
  root = join(dir, 'modules');
  cpSync(join(PACKAGE_ROOT, 'modules/Makefile'), join(root, 'Makefile'));
  for (const name of ['one', 'two']) {
    mkdirSync(join(root, name));
    writeFileSync(join(root, name, `${name}.c`), `int ${name}(void);\nint ${name}(void) { return 1; }\n`);
  }
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function make(...args: string[]): { status: number | null; stderr: string } {
  const { status, stderr } = spawnSync('make', ['-s', '-C', root, ...args], { encoding: 'utf8' });
  return { status, stderr };
}

it('make install builds the modules, and puts them below DESTDIR where a server looks', () => {
  const destination = join(dir, 'all');
  expect(make('install', `DESTDIR=${destination}`)).toEqual({ status: 0, stderr: '' });
  const installed = join(destination, 'etc/mesibo');
  expect(readdirSync(installed).sort()).toEqual(['module_one.so', 'module_two.so']);
  for (const name of readdirSync(installed)) {
    expect(readFileSync(join(installed, name))).toEqual(readFileSync(join(root, 'build', name)));
    expect(statSync(join(installed, name)).mode & 0o777).toBe(0o755);
  }
});

it('make install-NAME installs one module, where MODULEDIR says', () => {
  const args = ['install-two', `DESTDIR=${join(dir, 'one')}`, 'MODULEDIR=/usr/lib64/mesibo'];
  expect(make(...args)).toEqual({ status: 0, stderr: '' });
  expect(readdirSync(join(dir, 'one'), { recursive: true, encoding: 'utf8' }).sort()).toEqual(
    ['usr', 'usr/lib64', 'usr/lib64/mesibo', 'usr/lib64/mesibo/module_two.so'].sort(),
  );
});

it('another version takes the place of the old file, and never changes it', () => {
  const destination = join(dir, 'again');
  const file = join(destination, 'etc/mesibo/module_one.so');
  make('install-one', `DESTDIR=${destination}`);
  // A running host has mapped the file itself, whatever its name is by then.
  const before = statSync(file);
  writeFileSync(join(root, 'build/module_one.so'), 'the next version');
  expect(make('install-one', `DESTDIR=${destination}`)).toEqual({ status: 0, stderr: '' });
  expect(readFileSync(file, 'utf8')).toBe('the next version');
  expect(statSync(file).ino).not.toBe(before.ino);
});

it('a failed installation leaves nothing behind, and says why', () => {
  const destination = join(dir, 'blocked');
  mkdirSync(join(destination, 'etc/mesibo/module_one.so'), { recursive: true });
  const { status, stderr } = make('install-one', `DESTDIR=${destination}`);
  expect(status).not.toBe(0);
  expect(stderr).toContain('module_one.so');
  expect(readdirSync(join(destination, 'etc/mesibo'))).toEqual(['module_one.so']);
  expect(readdirSync(join(destination, 'etc/mesibo/module_one.so'))).toEqual([]);
});
