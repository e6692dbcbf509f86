/** The store on real disks, whole and damaged. */

import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { ClassicLevel } from 'classic-level';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Entry } from '../../../src/sends/queue/entry.js';
import { besides, opened, payloadsIn } from '../../helpers/store-scene.js';
import { makeTempDir } from '../../helpers/temp-dir.js';

describe('the store', () => {
  it('gives back everything that was put and not removed, in order', async () => {
    const folder = join(makeTempDir(), 'sends');
    const scene = await opened(folder);
    expect(existsSync(folder)).toBe(false);
    const entries = ['a', 'b', 'c', 'd'].map((payload) => scene.put(payload));
    await scene.store.settled();
    scene.remove(entries[1] as Entry);
    await scene.store.close();
    expect(await payloadsIn(folder)).toEqual(['a', 'c', 'd']);
    expect(besides(folder)).toEqual([]);
  });

  it('still has everything that was settled after a SIGKILL of its process', async () => {
    const folder = join(makeTempDir(), 'sends');
    const program = `
      import { SendStore } from ${JSON.stringify(join(process.cwd(), 'dist/src/sends/store/store.js'))};
      import { Entry } from ${JSON.stringify(join(process.cwd(), 'dist/src/sends/queue/entry.js'))};
      const store = new SendStore({ folder: ${JSON.stringify(folder)}, moment: () => ({ wallMs: Date.now(), nowMs: 0 }),
        say() {}, loaded() {}, all: () => [], names: () => [] });
      await store.open();
      for (let key = 1; key <= 1000; key++) store.put(new Entry({ sentId: 's' + key, module: 'm', cause: null, server: null,
        isChained: true, key, sinceMs: 0 }, Buffer.alloc(0), Buffer.from(String(key)), 0));
      await store.settled();
      process.kill(process.pid, 'SIGKILL');
    `;
    const { signal } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { stdio: 'inherit' });
    expect(signal).toBe('SIGKILL');
    expect(await payloadsIn(folder)).toEqual(Array.from({ length: 1000 }, (_, i) => String(i + 1)));
  });

  it('gives back the names of servers, also when nothing else was put', async () => {
    const folder = join(makeTempDir(), 'sends');
    for (const name of ['x', 'y']) {
      const scene = await opened(folder);
      scene.names.add(name);
      scene.store.namesChanged();
      await scene.store.close();
    }
    expect([...(await opened(folder)).names]).toEqual(['x', 'y']);
  });

  it('has the names of servers again when its folder was made anew', async () => {
    const folder = join(makeTempDir(), 'sends');
    const scene = await opened(folder);
    scene.names.add('x');
    scene.store.namesChanged();
    scene.put('a');
    await scene.store.settled();
    rmSync(folder, { recursive: true });
    scene.put('b');
    await scene.says(/stored in .* again/);
    await scene.store.close();
    expect([...(await opened(folder)).names]).toEqual(['x']);
  });

  it('does no work when nothing comes', async () => {
    const folder = join(makeTempDir(), 'sends');
    const scene = await opened(folder);
    expect(scene.store.settled()).toBeNull();
    await scene.store.close();
    expect(existsSync(folder)).toBe(false);
  });

  it('leaves no file open to the programs that its process starts', async () => {
    const folder = join(makeTempDir(), 'sends');
    const scene = await opened(folder);
    // LevelDB begins another log after 4 MiB.
    for (let i = 0; i < 12; i++) {
      scene.put('x'.repeat(1024 * 1024));
      await scene.store.settled();
    }
    expect(readdirSync(folder)).not.toContain('000003.log');
    const { stdout } = spawnSync('ls', ['-l', '/proc/self/fd'], { encoding: 'utf8' });
    expect(stdout).toContain('0 ->');
    expect(stdout).not.toContain(folder);
  });

  it('goes on in another folder when somebody removes its own', async () => {
    const folder = join(makeTempDir(), 'sends');
    const scene = await opened(folder);
    scene.put('a');
    await scene.store.settled();
    rmSync(folder, { recursive: true });
    scene.put('b');
    await scene.says(/stored in .* again/);
    expect(scene.said[0]).toMatch(/was removed.*the messages that wait are in memory and go to a new store/);
    await scene.store.close();
    expect(await payloadsIn(folder)).toEqual(['a', 'b']);
  });
});

const PAGE_BYTES = 4096;

/** Stores with content in a log, and in a table. */
async function makeStores(): Promise<{ log: string; table: string }> {
  const folder = makeTempDir();
  const stores = { log: join(folder, 'log', 'sends'), table: join(folder, 'table', 'sends') };
  for (const path of Object.values(stores)) {
    mkdirSync(dirname(path));
    const scene = await opened(path);
    for (let i = 0; i < 400; i++) scene.put(`${i} ${'x'.repeat(500)}`);
    await scene.store.close();
  }
  const database = new ClassicLevel(stores.table, { compression: false });
  await database.open();
  await database.compactRange('a', 'z');
  await database.close();
  return stores;
}

const DAMAGE: Record<string, (file: string) => void> = {
  garbage: (file) => writeFileSync(file, Buffer.alloc(Math.max(10, statSync(file).size), 0xa5)),
  'a flipped byte': (file) => {
    const bytes = readFileSync(file);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 0xff;
    writeFileSync(file, bytes);
  },
  'half of it': (file) => truncateSync(file, statSync(file).size >> 1),
  nothing: (file) => truncateSync(file, 0),
  'no file': (file) => rmSync(file),
  'a folder': (file) => {
    rmSync(file);
    mkdirSync(file);
  },
};

/** What is taken for sound: a log that ends early, as after a kill; the notes of LevelDB. */
const UNNOTICED = ['log half of it', 'log nothing', 'LOCK', 'LOG', 'LOG.old'];

describe('a damaged store', () => {
  it('is put aside, read as far as possible, and replaced by another one', { timeout: 240_000 }, async () => {
    const stores = await makeStores();
    const noticed: string[] = [];
    for (const [kind, store] of Object.entries(stores)) {
      for (const file of readdirSync(store)) {
        for (const [how, damage] of Object.entries(DAMAGE)) {
          const what = `${kind}: ${file} is ${how}`;
          const folder = join(makeTempDir(), 'sends');
          cpSync(store, folder, { recursive: true });
          damage(join(folder, file));
          const scene = await opened(folder);
          const kept = scene.put('new');
          await scene.store.close();
          const isSilent = scene.said.length === 0;
          if (!isSilent) {
            noticed.push(what);
            expect(scene.said, what).toHaveLength(1);
            expect(scene.said[0], what).toMatch(/^warn: the store .*(damaged).*could be read; any others are lost/);
            expect(scene.store.problems(), what).toHaveLength(1);
            // What was there can be looked at.
            expect(
              besides(folder).map((name) => name.split('-')[0]),
              what,
            ).toEqual(['sends.damaged']);
          }
          // Nothing that was read, or came later, is lost by that.
          const expected = [...scene.read.map(({ payload }) => Buffer.from(payload).toString()), 'new'];
          expect(scene.read.length, what).toBeLessThanOrEqual(400);
          expect(Buffer.from(kept.payload).toString()).toBe('new');
          expect((await payloadsIn(folder)).sort(), what).toEqual(expected.sort());
          const isWhole = scene.read.length === 400;
          const mayBeSilent = UNNOTICED.some((name) => what.replace(/00000\d\.log is/, 'log').includes(name));
          expect(isWhole || !isSilent || mayBeSilent, `${what}: ${scene.read.length} of 400 were read`).toBe(true);
        }
      }
    }
    expect(noticed.length).toBeGreaterThan(15);
  });

  it('is put aside also when it is a file', async () => {
    const folder = join(makeTempDir(), 'sends');
    writeFileSync(folder, 'something else');
    const scene = await opened(folder);
    scene.put('a');
    await scene.store.close();
    const [aside = ''] = besides(folder);
    expect(readFileSync(join(dirname(folder), aside), 'utf8')).toBe('something else');
    expect(await payloadsIn(folder)).toEqual(['a']);
  });
});

describe('a store of another version', () => {
  it.each([
    ['of a newer version', { format: '{"format":99}', s0000000000000001: 'x' }, /newer version \(format 99\)/, 'newer'],
    ['of another program', { cat: 'meows' }, /is a database of another program/, 'foreign'],
    [
      'with a form that is none',
      { format: 'new', s0000000000000001: 'x' },
      /is a database of another program/,
      'foreign',
    ],
  ])('is put aside: one %s', async (_, content, said, name) => {
    const folder = join(makeTempDir(), 'sends');
    const database = new ClassicLevel(folder);
    await database.batch(Object.entries(content).map(([key, value]) => ({ type: 'put', key, value })));
    await database.close();
    const scene = await opened(folder);
    expect(scene.read).toEqual([]);
    expect(scene.said).toEqual([expect.stringMatching(said)]);
    scene.put('a');
    await scene.store.close();
    expect(await payloadsIn(folder)).toEqual(['a']);
    const [aside = ''] = besides(folder);
    expect(aside).toMatch(new RegExp(`^sends\\.${name}-\\d{8}T\\d{6}Z$`));
    const old = new ClassicLevel(join(dirname(folder), aside));
    expect(await old.keys().all()).toEqual(Object.keys(content).sort());
    await old.close();
  });
});

it('a store of form 1 is read, and has form 2 after its next write', async () => {
  const folder = join(makeTempDir(), 'sends');
  const before = await opened(folder);
  for (const payload of ['a', 'b']) before.put(payload);
  await before.store.close();
  const database = () => new ClassicLevel<string, Buffer>(folder, { valueEncoding: 'buffer', compression: false });
  const old = database();
  for await (const [key, value] of old.iterator({ gte: 's' })) {
    // Of that form the checksum does not cover the key.
    value.writeUInt32BE(crc32(value.subarray(4)), 0);
    await old.put(key, value);
  }
  await old.put('format', Buffer.from('{"format":1}'));
  await old.close();
  const scene = await opened(folder);
  scene.put('c');
  await scene.store.close();
  expect(scene.said).toEqual([]);
  expect(await payloadsIn(folder)).toEqual(['a', 'b', 'c']);
  const now = database();
  expect(String(await now.get('format'))).toBe('{"format":2}');
  await now.close();
});

describe('a store that cannot be used now', () => {
  it('is waited for while another process has it open; then its content is read, and newer messages are written', async () => {
    const folder = join(makeTempDir(), 'sends');
    const other = new ClassicLevel<string, Buffer>(folder, { valueEncoding: 'buffer' });
    await other.open();
    const scene = await opened(folder);
    expect(scene.said).toEqual([
      expect.stringMatching(/^warn: .*already held.*; end the other process that has it open$/),
    ]);
    expect(scene.store.problems()).toHaveLength(1);
    scene.put('a');
    expect(scene.store.settled()).toBeNull();
    await other.close();
    await scene.says(/stored in .* again/);
    expect(scene.store.problems()).toEqual([]);
    await scene.store.close();
    expect(await payloadsIn(folder)).toEqual(['a']);
  });

  const isRoot = process.getuid?.() === 0;

  it.skipIf(isRoot)('is waited for while its folder may not be written to', async () => {
    const parent = makeTempDir();
    chmodSync(parent, 0o500);
    const scene = await opened(join(parent, 'sends'));
    scene.put('a');
    await scene.says(/EACCES.*; let the user of the core write there$/);
    chmodSync(parent, 0o700);
    await scene.says(/stored in .* again/);
    await scene.store.close();
    expect(await payloadsIn(join(parent, 'sends'))).toEqual(['a']);
  });

  /** A small disk of this test's own; `null`: this process may not mount one. */
  function mountDisk(): string | null {
    const disk = makeTempDir();
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', disk]).status !== 0) return null;
    onTestFinished(() => void spawnSync('umount', ['-l', disk]));
    return disk;
  }

  /** Takes all the room of a disk. */
  function fill(path: string): void {
    const fd = openSync(path, 'w');
    try {
      for (;;) writeSync(fd, Buffer.alloc(PAGE_BYTES));
    } catch (error) {
      expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC');
    } finally {
      closeSync(fd);
    }
  }

  it('loses nothing on a disk that is full for a while', async ({ skip }) => {
    const disk = mountDisk() ?? skip('this process may not mount a disk');
    const folder = join(disk, 'sends');
    const scene = await opened(folder);
    const payloads: string[] = [];
    const putSome = (count: number) => {
      for (let i = 0; i < count; i++)
        payloads.push(Buffer.from(scene.put(`${payloads.length} ${'x'.repeat(990)}`).payload).toString());
    };
    while (scene.said.length === 0) {
      putSome(10);
      await scene.store.settled();
    }
    expect(scene.said[0]).toMatch(/No space left on device.*wait in memory.*; make room on that disk$/);
    putSome(500);
    expect(scene.store.settled()).toBeNull();
    execFileSync('mount', ['-o', 'remount,size=40m', disk]);
    await scene.says(/stored in .* again/);
    expect(scene.store.problems()).toEqual([]);
    putSome(100);
    await scene.store.close();
    expect(await payloadsIn(folder)).toEqual(payloads);
  });

  it('says which messages end with the core on a disk that stays full', async ({ skip }) => {
    const disk = mountDisk() ?? skip('this process may not mount a disk');
    const scene = await opened(join(disk, 'sends'));
    while (scene.said.length === 0) {
      scene.put('x'.repeat(1000));
      await scene.store.settled();
    }
    await scene.store.close();
    expect(scene.said.at(-1)).toMatch(
      /^warn: \d+ messages? that modules sent and no server has taken cannot be written/,
    );
  });

  it('holds up nobody on a disk that does not answer, and newer messages are written when it answers', async () => {
    const folder = join(makeTempDir(), 'sends');
    mkdirSync(folder);
    // Whoever opens it waits until somebody writes.
    const current = join(folder, 'CURRENT');
    execFileSync('mkfifo', [current]);
    const scene = await opened(folder);
    expect(scene.said).toEqual([expect.stringMatching(/^warn: .*the disk does not answer/)]);
    scene.put('a');
    expect(scene.store.settled()).toBeNull();
    expect(scene.store.problems()).toHaveLength(1);
    await writeFile(current, 'is no name of a file');
    await scene.says(/answers again/);
    await scene.store.close();
    expect(await payloadsIn(folder)).toEqual(['a']);
  });

  it('is waited for on a disk that is read-only, and its content is read', async ({ skip }) => {
    const disk = mountDisk() ?? skip('this process may not mount a disk');
    const folder = join(disk, 'sends');
    const before = await opened(folder);
    before.put('a');
    await before.store.close();
    execFileSync('mount', ['-o', 'remount,ro', disk]);
    const scene = await opened(folder);
    expect(scene.said).toEqual([
      expect.stringMatching(/Read-only file system.*; let the user of the core write there$/),
    ]);
    expect(scene.read).toHaveLength(1);
    scene.put('b');
    execFileSync('mount', ['-o', 'remount,rw', disk]);
    await scene.says(/stored in .* again/);
    await scene.store.close();
    expect(await payloadsIn(folder)).toEqual(['a', 'b']);
  });

  it('is read at once on a disk that is full, and removals meanwhile last', async ({ skip }) => {
    const disk = mountDisk() ?? skip('this process may not mount a disk');
    const folder = join(disk, 'sends');
    const before = await opened(folder);
    for (const payload of ['a', 'b', 'c']) before.put(payload);
    await before.store.close();
    fill(join(disk, 'filler'));
    const scene = await opened(folder);
    expect(scene.said).toEqual([expect.stringMatching(/No space left on device/)]);
    expect(scene.read.map(({ payload }) => Buffer.from(payload).toString())).toEqual(['a', 'b', 'c']);
    scene.put('d');
    scene.remove(scene.read[1] as Entry);
    rmSync(join(disk, 'filler'));
    await scene.says(/stored in .* again/);
    await scene.store.close();
    expect(await payloadsIn(folder)).toEqual(['a', 'c', 'd']);
  });
});
