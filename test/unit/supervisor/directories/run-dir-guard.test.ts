import {
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { flockExclusive } from '../../../../src/libc.js';
import { acquireRunDir, type RunDir } from '../../../../src/supervisor/directories/run-dir.js';
import { RunDirGuard } from '../../../../src/supervisor/directories/run-dir-guard.js';
import { acquireStateDir } from '../../../../src/supervisor/directories/state-dir.js';
import { makeTempDir } from '../../../helpers/temp-dir.js';

const PATIENCE = { timeout: 10_000, interval: 10 };

let base: string;
let path: string;
let runDir: RunDir;
let guard: RunDirGuard;
let said: string[];

beforeEach(() => {
  base = makeTempDir();
  path = join(base, 'run');
  runDir = acquireRunDir(path);
  said = [];
  guard = new RunDirGuard(runDir, { say: (text) => said.push(text), everyMs: 60_000 });
});
afterEach(async () => {
  await guard.close();
  runDir.release();
});

function lockText(): string {
  return readFileSync(join(path, 'lock'), 'utf8');
}

it('says nothing as long as everything is there', async () => {
  guard.keep({ path: 'x', isThere: () => true, restore: () => expect.unreachable() });
  await guard.look();
  expect([said, guard.problems]).toEqual([[], []]);
});

it('notices by itself when its lock was removed, and holds a new one', async () => {
  const text = lockText();
  rmSync(join(path, 'lock'));
  await expect.poll(() => readdirSync(path), PATIENCE).toEqual(['lock']);
  await expect
    .poll(() => said, PATIENCE)
    .toEqual([`${path}/lock had been removed or replaced; this core made it again`]);
  expect(lockText()).toBe(text);
  const fd = openSync(join(path, 'lock'), 'r');
  expect(flockExclusive(fd)).toBe(false);
  closeSync(fd);
});

it('looks now and then when the system announces nothing', async () => {
  const timed = new RunDirGuard(runDir, { say: (text) => said.push(text), everyMs: 20 });
  let isThere = false;
  timed.keep({
    path: 'its socket',
    isThere: () => isThere,
    restore: () => {
      isThere = true;
    },
  });
  await expect.poll(() => said, PATIENCE).toEqual(['its socket had been removed or replaced; this core made it again']);
  await timed.close();
});

it('makes the whole directory again, and goes on noticing', async () => {
  for (let round = 1; round <= 2; round++) {
    renameSync(path, join(base, `away${round}`));
    await expect.poll(() => said.length, PATIENCE).toBe(round);
    expect(statSync(path).mode & 0o777).toBe(0o700);
    expect(said[round - 1]).toBe(`${path} and ${path}/lock had been removed or replaced; this core made it again`);
  }
  rmSync(join(path, 'lock'));
  await expect.poll(() => said.length, PATIENCE).toBe(3);
  expect(() => acquireRunDir(path)).toThrow(`${path} is held by the core with pid ${process.pid}`);
});

it('leaves the directory to another core, says so once, and takes it back when that one has ended', async () => {
  renameSync(path, join(base, 'away'));
  // Before anything is noticed.
  const other = acquireRunDir(path);
  await guard.look();
  await guard.look();
  const lost = `commands can no longer reach this core, because the core with pid ${process.pid} has taken ${path}; end one of the two`;
  expect(said).toEqual([expect.stringContaining(lost)]);
  expect(guard.problems).toEqual(said);
  other.release();
  await guard.look();
  expect(guard.problems).toEqual([]);
  expect(lockText()).toBe(`${process.pid}\n${runDir.runId}\n`);
});

it('does not advise to end the process of a program with a core in it', async () => {
  renameSync(path, join(base, 'away'));
  const other = acquireRunDir(path, 'embedded');
  expect(() => acquireRunDir(path)).toThrow(
    `${path} is held by the core with pid ${process.pid}, which is a part of a program; stop that one, or give`,
  );
  await guard.look();
  const ends = `end one of the two: this one with: kill ${process.pid}, or that one in its program (pid ${process.pid})`;
  expect(said).toEqual([expect.stringContaining(ends)]);
  other.release();
});

it('keeps the leftovers of a killed core that had the directory meanwhile for the next start', async () => {
  rmSync(path, { recursive: true });
  mkdirSync(path, { mode: 0o700 });
  writeFileSync(join(path, 'lock'), '4711\n0123456789abcdef\n');
  await guard.look();
  expect(lockText()).toBe(`${process.pid}\n${runDir.runId}\n0123456789abcdef\n`);
});

it.each<[string, () => void, string]>([
  ['a lock that is a directory', () => mkdirSync(join(path, 'lock')), '/lock cannot be made (EISDIR); remove it'],
  [
    'a directory that others may write to',
    () => {
      rmSync(path, { recursive: true });
      mkdirSync(path);
      chmodSync(path, 0o777);
    },
    ' may be written by others; others could replace its sockets; chmod 0700 it',
  ],
])('says what to do about %s', async (_, spoil, says) => {
  rmSync(join(path, 'lock'));
  spoil();
  await guard.look();
  expect(said).toEqual([`commands can no longer reach this core: ${path}${says}`]);
  expect(guard.problems).toEqual(said);
  rmSync(path, { recursive: true });
  await guard.look();
  expect(guard.problems).toEqual([]);
});

it('says why something cannot be made again, until it can', async () => {
  let obstacle = true;
  let isThere = false;
  guard.keep({
    path: 'its socket',
    isThere: () => isThere,
    restore: async () => {
      if (obstacle) throw new Error('something stands there; remove it');
      isThere = true;
    },
  });
  await guard.look();
  await guard.look();
  expect([said, guard.problems]).toEqual([
    ['something stands there; remove it'],
    ['something stands there; remove it'],
  ]);
  obstacle = false;
  await guard.look();
  expect([said.at(-1), guard.problems]).toEqual([
    'its socket had been removed or replaced; this core made it again',
    [],
  ]);
});

it('keeps the lock of a state directory too', async () => {
  const stateDir = join(base, 'state');
  const state = acquireStateDir(stateDir, path);
  guard.keep(state);
  const busy = `the state directory ${stateDir} is held by the core with pid ${process.pid}, which serves ${path}; `;
  expect(() => acquireStateDir(stateDir, 'other')).toThrow(busy);
  rmSync(stateDir, { recursive: true });
  await guard.look();
  expect(() => acquireStateDir(stateDir, 'other')).toThrow(busy);
  state.release();
  acquireStateDir(stateDir, 'other').release();
});

it('goes on when something cannot even be looked at, and says so once', async () => {
  const isThere = () => {
    throw new Error('ENOTDIR');
  };
  guard.keep({ path: 'x', isThere, restore: () => expect.unreachable() });
  await guard.look();
  await guard.look();
  expect([said, guard.problems]).toEqual([['ENOTDIR'], ['ENOTDIR']]);
});
