/** An installation that nobody can write to, as a package in an image or on a mounted file system is. */

import { execFileSync, spawn } from 'node:child_process';
import { chownSync, cpSync, lstatSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../src/paths.js';
import { collect } from '../helpers/command.js';

/** Root may write anywhere, so it becomes a user who is in no file of the system. */
const UID = 12_346;
const isRoot = process.getuid?.() === 0;
const become = isRoot ? ['setpriv', `--reuid=${UID}`, `--regid=${UID}`, '--clear-groups', '--'] : [];

let installation: string;
/** Where that user may write. */
let home: string;

beforeAll(() => {
  installation = mkdtempSync(join(tmpdir(), 'mm-installed-'));
  for (const entry of ['package.json', 'dist', 'scripts', 'proto', 'modules', 'src/host-runner/native']) {
    cpSync(join(PACKAGE_ROOT, entry), join(installation, entry), { recursive: true });
  }
  symlinkSync(join(PACKAGE_ROOT, 'node_modules'), join(installation, 'node_modules'));
  home = mkdtempSync(join(tmpdir(), 'mm-home-'));
  if (isRoot) chownSync(home, UID, UID);
  writeFileSync(join(home, 'mesibo.conf'), `module filter { path = ${module()} ; blocked_words = darn }\n`);
});

afterAll(() => {
  for (const directory of [installation, home]) {
    execFileSync('chmod', ['-R', 'u+w', directory]);
    rmSync(directory, { recursive: true });
  }
});

const module = () => join(installation, 'modules/build/module_filter.so');

/** Runs a file of the installation. */
async function run(file: string, ...args: string[]) {
  const words = [...become, process.execPath, join(installation, file), ...args];
  const env = {
    PATH: process.env.PATH,
    HOME: home,
    MESIBO_RUN_DIR: join(home, 'run'),
    MESIBO_STATE_DIR: join(home, 'state'),
  };
  const child = spawn(words[0] as string, words.slice(1), { cwd: home, env, stdio: ['ignore', 'pipe', 'pipe'] });
  return collect(child);
}

const command = (...args: string[]) => run('dist/bundles/mesibo-modules.cjs', ...args);

/** Everything in it that a write would change. */
function look(): string[] {
  const names = readdirSync(installation, { recursive: true, encoding: 'utf8' }).sort();
  // Other tests may be writing to what this link leads to.
  return ['.', ...names.filter((name) => !name.startsWith('node_modules/'))].map((name) => {
    const { size, mode, mtimeMs, ctimeMs } = lstatSync(join(installation, name));
    return [name, size, mode, mtimeMs, ctimeMs].join(' ');
  });
}

describe.each([
  ['with its caches', false],
  ['without them', true],
])('a package that cannot be written, %s', (_, isWithout) => {
  let before: string[];

  beforeAll(() => {
    execFileSync('chmod', ['-R', 'u+w', installation]);
    if (isWithout) execFileSync('find', [installation, '-name', '*.cache', '-delete']);
    execFileSync('chmod', ['-R', 'a-w,a+rX', installation]);
    before = look();
  });

  it('serves, and answers every command', async () => {
    expect(await command('status')).toMatchObject({ code: 3, stdout: '' });
    const started = await command('start', '--daemon', '--config', join(home, 'mesibo.conf'));
    expect(started).toMatchObject({ code: 0, stderr: '' });
    expect(await command('status')).toMatchObject({ code: 0, stderr: '' });
    const sent = await command('send', 'oh darn', '--from', 'alice', '--to', 'bob');
    expect(sent).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('consumed') });
    expect(await command('stop')).toMatchObject({ code: 0 });
  });

  it('tries a module, checks it, and runs it in one process', async () => {
    const tried = await command('try', module(), '--conf', 'blocked_words=darn', 'oh darn');
    expect(tried).toMatchObject({ code: 0, stdout: expect.stringContaining('consumed') });
    expect(await command('check', '--config', join(home, 'mesibo.conf'))).toMatchObject({ code: 0, stderr: '' });
    const ran = await command('run', '--in-process', module(), '--conf', 'blocked_words=darn', '--message', 'oh darn');
    expect(ran).toMatchObject({ code: 0, stdout: expect.stringContaining('consumed') });
  });

  it('is installed with a warning that its caches cannot be made', async () => {
    const { code, stderr } = await run('scripts/install.mjs');
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringMatching(
        /^mesibo-modules: the caches could not be made, so all starts take longer: .*EACCES/,
      ),
    });
  });

  it('is unchanged', () => {
    expect(look()).toEqual(before);
  });
});
