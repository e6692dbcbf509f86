/** Real files in a folder of the test's own. */

import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Build } from '../../../../src/supervisor/builds/build.js';
import { BuildStore } from '../../../../src/supervisor/builds/store.js';
import { makeTempDir } from '../../../helpers/temp-dir.js';

const shaOf = (text: string) => createHash('sha256').update(text).digest('hex');

let place: string;
let folder: string;
let file: string;
let used: Build[];
let store: BuildStore;

beforeEach(() => {
  place = makeTempDir();
  folder = join(place, 'state', 'builds');
  mkdirSync(join(place, 'modules'));
  file = join(place, 'modules', 'm.so');
  writeFileSync(file, 'one');
  used = [];
  store = new BuildStore(folder, () => used);
});

async function accept(path = file): Promise<Build> {
  const { build, problem } = await store.present(path);
  expect(problem).toBeNull();
  used.push(build as Build);
  return build as Build;
}

function replace(text: string): void {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

describe('the present file', () => {
  it('is kept with its hash, for its owner alone', async () => {
    const build = await accept();
    expect(build).toMatchObject({ sha256: shaOf('one'), original: file, home: join(place, 'modules') });
    expect(store.copyOf(build)).toBe(join(folder, shaOf('one'), 'modules', 'm.so'));
    expect(readFileSync(store.copyOf(build), 'utf8')).toBe('one');
    for (const path of [folder, join(folder, shaOf('one'))]) expect(statSync(path).mode & 0o777).toBe(0o700);
    expect(readdirSync(folder)).toEqual([shaOf('one')]);
  });

  it('is hashed as it is now, however often and fast it is overwritten', async () => {
    for (const text of ['two', 'six', 'ten']) {
      writeFileSync(file, text);
      expect((await store.present(file)).build?.sha256).toBe(shaOf(text));
    }
  });

  it('is read once for all requests at the same time', async () => {
    const [first, second] = [store.present(file), store.present(file)];
    expect(await first).toBe(await second);
  });

  it('that changes all the time is reported as such', async () => {
    let writes = 0;
    let writing: NodeJS.Immediate | undefined;
    // Between each two looks at the file.
    const write = () => {
      writeFileSync(file, String(writes++));
      writing = setImmediate(write);
    };
    write();
    const { build, problem } = await store.present(file);
    clearImmediate(writing);
    expect({ build, problem }).toEqual({ build: null, problem: `it cannot be read (${file} is being written)` });
  });

  it.each([
    ['is missing', () => rmSync(file)],
    [
      'is a folder',
      () => {
        rmSync(file);
        mkdirSync(file);
      },
    ],
    ['is empty', () => writeFileSync(file, '')],
  ])('that %s is left to the host, whose error is better', async (_, change) => {
    change();
    expect(await store.present(file)).toMatchObject({ path: file, build: null, identity: null });
    expect(existsSync(folder) ? readdirSync(folder) : []).toEqual([]);
  });

  it('is taken with a warning when it cannot be kept, and kept later', async () => {
    mkdirSync(join(place, 'state'));
    writeFileSync(folder, 'no folder');
    const { build, problem } = await store.present(file);
    expect(build?.sha256).toBe(shaOf('one'));
    expect(problem).toMatch(/^no copy of it can be kept \(E/);
    rmSync(folder);
    expect(await store.accepted(build as Build)).toMatchObject({ source: 'original', problem: null });
    expect(readFileSync(store.copyOf(build as Build), 'utf8')).toBe('one');
  });

  it('repairs a damaged copy of an earlier run', async () => {
    const copy = store.copyOf(await accept());
    chmodSync(copy, 0o600);
    writeFileSync(copy, 'eno');
    store = new BuildStore(folder, () => used);
    await accept();
    expect(readFileSync(copy, 'utf8')).toBe('one');
  });
});

describe('the accepted build', () => {
  it('is loaded from its file while that has its bytes, whatever its date', async () => {
    const build = await accept();
    expect(await store.accepted(build)).toMatchObject({ path: file, source: 'original' });
    utimesSync(file, 1, 1);
    expect(await store.accepted(build)).toMatchObject({
      path: file,
      source: 'original',
      build: { sha256: shaOf('one') },
    });
    replace('one');
    expect(await store.accepted(build)).toMatchObject({ path: file, source: 'original' });
  });

  it.each([
    ['overwritten', () => writeFileSync(file, 'two')],
    ['replaced', () => replace('two')],
    ['removed', () => rmSync(file)],
    ['removed with its folder', () => rmSync(join(file, '..'), { recursive: true })],
    ['empty', () => writeFileSync(file, '')],
  ])('is loaded from its copy when the file is %s', async (_, change) => {
    const build = await accept();
    change();
    expect(await store.accepted(build)).toMatchObject({
      path: store.copyOf(build),
      source: 'kept',
      build,
      problem: null,
    });
  });

  it.each([
    [
      'damaged',
      (copy: string) => {
        rmSync(copy);
        writeFileSync(copy, 'eno');
      },
      'is damaged',
    ],
    ['gone', (copy: string) => rmSync(copy), 'cannot be read'],
  ])('is lost when its copy is %s too, with the remedy', async (_, change, words) => {
    const build = await accept();
    replace('two');
    expect(await store.accepted(build)).toMatchObject({ source: 'kept' });
    change(store.copyOf(build));
    const error = await store.accepted(build).catch((error) => error);
    expect(error).toMatchObject({ code: 'MODULE_BUILD_LOST' });
    expect(error.message).toContain(`${words}; reload the module to take the file that is there`);
  });
});

describe('beside a copy', () => {
  it('is everything that is beside the file, and beside its folder, as it is now', async () => {
    mkdirSync(join(place, 'lib'));
    writeFileSync(join(place, 'modules', 'data'), 'first');
    const build = await accept();
    const home = join(folder, build.sha256, 'modules');
    expect(readlinkSync(join(home, 'data'))).toBe(join(place, 'modules', 'data'));
    replace('two');
    writeFileSync(join(place, 'modules', 'later'), 'second');
    await store.accepted(build);
    expect(readdirSync(home).sort()).toEqual(['data', 'later', 'm.so']);
    expect(lstatSync(join(home, 'm.so')).isFile()).toBe(true);
    expect(readdirSync(join(home, '..')).sort()).toEqual(['lib', 'modules', 'state']);
  });

  it('is everything that was there, even when a link on the way now leads elsewhere', async () => {
    for (const release of ['1', '2']) {
      mkdirSync(join(place, release, 'modules'), { recursive: true });
      copyFileSync(file, join(place, release, 'modules', 'm.so'));
      writeFileSync(join(place, release, 'modules', 'data'), release);
    }
    const current = join(place, 'current');
    symlinkSync('1', current);
    const build = await accept(join(current, 'modules', 'm.so'));
    writeFileSync(join(place, '2', 'modules', 'm.so'), 'another');
    symlinkSync('2', `${current}.new`);
    renameSync(`${current}.new`, current);
    const { path } = await store.accepted(build);
    expect(readFileSync(join(path, '..', 'data'), 'utf8')).toBe('1');
  });
});

describe('unneeded copies are removed', () => {
  it('and nothing else is, but the unfinished ones of a killed core are', async () => {
    const first = await accept();
    replace('two');
    const second = await accept();
    for (const name of ['.new-0123456789abcdef', 'e'.repeat(64), 'notes']) mkdirSync(join(folder, name));
    used = [second];
    await store.collect();
    expect(readdirSync(folder).sort()).toEqual([second.sha256, 'notes'].sort());
    expect(existsSync(store.copyOf(first))).toBe(false);
    // The links were removed, and not what they lead to.
    expect(existsSync(file)).toBe(true);
  });

  it('only when nobody is about to use it', async () => {
    const accepting = accept();
    await store.collect();
    expect(existsSync(store.copyOf(await accepting))).toBe(true);
  });

  it('and the same bytes of another file stay', async () => {
    mkdirSync(join(place, 'others'));
    copyFileSync(file, join(place, 'others', 'm.so'));
    const first = await accept();
    const other = await accept(join(place, 'others', 'm.so'));
    expect(store.copyOf(other)).not.toBe(store.copyOf(first));
    used = [other];
    for (let i = 0; i < 2; i++) await store.collect();
    expect(readdirSync(folder)).toHaveLength(1);
    rmSync(other.original);
    expect(await store.accepted(other)).toMatchObject({ source: 'kept' });
  });

  it('and all of it with a core that keeps nothing', async () => {
    await accept();
    await store.clear();
    expect(existsSync(folder)).toBe(false);
  });
});
