/** Stores with damage that LevelDB does not see, skips in silence, or ends the process at. */

import { spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { afterAll, describe, expect, it } from 'vitest';
import type { Entry } from '../../../src/sends/queue/entry.js';
import { MAX_ENDS } from '../../../src/sends/store/opening-mark.js';
import { besides, opened, payloadsIn, type StoreScene } from '../../helpers/store-scene.js';
import { makeTempDir } from '../../helpers/temp-dir.js';

const COUNT = 6000;
const PAGE_BYTES = 4096;

/** What each message is: long enough that the store has a table and a log. */
function payloadOf(i: number): string {
  return `${i} ${'x'.repeat(1000)}`;
}

const parent = mkdtempSync(join(tmpdir(), 'mm-'));
const whole = join(parent, 'sends');

afterAll(() => rmSync(parent, { recursive: true }));

/** A store with {@link COUNT} messages, of which every tenth is removed again. */
async function makeWhole(): Promise<void> {
  const scene = await opened(whole);
  const entries: Entry[] = [];
  for (let i = 0; i < COUNT; i++) {
    entries.push(scene.put(payloadOf(i)));
    if (i % 500 === 0) await scene.store.settled();
  }
  await scene.store.settled();
  for (const [i, entry] of entries.entries()) if (i % 10 === 0) scene.remove(entry);
  await scene.store.close();
  expect(filesOf(whole, 'ldb').length).toBeGreaterThan(0);
}

function filesOf(folder: string, ending: string): string[] {
  return readdirSync(folder).filter((name) => name.endsWith(ending));
}

/** Its own copy of the store for a test. */
async function copied(): Promise<string> {
  if (!existsSync(whole)) await makeWhole();
  const folder = join(makeTempDir(), 'sends');
  cpSync(whole, folder, { recursive: true });
  return folder;
}

/** Changes bytes of the first file with a name that ends so. */
function change(folder: string, ending: string, work: (bytes: Buffer) => void): void {
  const path = join(folder, filesOf(folder, ending)[0] as string);
  const bytes = readFileSync(path);
  work(bytes);
  writeFileSync(path, bytes);
}

/** Opens a damaged store, and looks whether an operator hears of it and the next start finds a sound one. */
async function expectPutAside(folder: string, said: RegExp): Promise<StoreScene> {
  const scene = await opened(folder);
  expect(scene.said).toEqual([expect.stringMatching(said)]);
  expect(scene.said[0]).toMatch(/^warn: the store .* and was renamed to .*could be read; any others are lost$/);
  expect(scene.store.problems()).toHaveLength(1);
  expect(besides(folder)).toEqual([expect.stringMatching(/^sends\.damaged-/)]);
  await scene.store.close();
  expect(await payloadsIn(folder)).toEqual(scene.read.map(({ payload }) => Buffer.from(payload).toString()));
  return scene;
}

describe('a damaged table', () => {
  it('does not end the process: a page of zeros', async () => {
    const folder = await copied();
    change(folder, 'ldb', (bytes) => bytes.fill(0, 300 * PAGE_BYTES, 301 * PAGE_BYTES));
    const program = `
      import { SendStore } from ${JSON.stringify(join(process.cwd(), 'dist/src/sends/store/store.js'))};
      const store = new SendStore({ folder: ${JSON.stringify(folder)}, moment: () => ({ wallMs: Date.now(), nowMs: 0 }),
        say: (level, text) => console.log(text), loaded: async ({ entries }) => console.log(entries.length + ' read'),
        all: () => [], names: () => [] });
      await store.open();
      await store.close();
    `;
    const run = () => spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
    const first = run();
    expect([first.status, first.signal, first.stderr]).toEqual([0, null, '']);
    expect(first.stdout).toMatch(/is damaged \(\d+\.ldb has a block at \d+ with a wrong checksum\)/);
    const read = Number(/(\d+) read/.exec(first.stdout)?.[1]);
    // Of one or two blocks, each with a few messages.
    expect(read).toBeLessThan(COUNT * 0.9);
    expect(read).toBeGreaterThan(COUNT * 0.9 - 20);
    expect(run().stdout).toBe(`${read} read\n`);
  });

  it.each([
    ['behind all keys', 0, 't'],
    ['before the names', 0, 'm'],
    ['that is none', 5, 'g'],
    ['of another message', 5, 'f'],
  ])('is put aside when a byte of a key makes it one %s', async (_, at, byte) => {
    const folder = await copied();
    change(folder, 'ldb', (bytes) => {
      const key = bytes.indexOf('s000', bytes.length >> 1);
      bytes.write(byte, key + at);
    });
    const { read } = await expectPutAside(folder, /\.ldb has a block at \d+ with a wrong checksum/);
    expect(read.length).toBeGreaterThan(COUNT * 0.9 - 20);
  });

  it.each([
    ['the end', 1],
    ['the index', 100],
  ])('is put aside when %s of it is damaged, and the rest of the store is read', async (_, before) => {
    const folder = await copied();
    change(folder, 'ldb', (bytes) => {
      const at = bytes.length - before;
      bytes[at] = (bytes[at] as number) ^ 1;
    });
    const { read } = await expectPutAside(folder, /\.ldb has /);
    expect(read.length).toBeGreaterThan(0);
  });

  it('is put aside when it is shorter than the store says', async () => {
    const folder = await copied();
    const path = join(folder, filesOf(folder, 'ldb')[0] as string);
    truncateSync(path, statSync(path).size - PAGE_BYTES);
    await expectPutAside(folder, /\.ldb has \d+ bytes in place of \d+/);
  });
});

describe('a damaged log', () => {
  it.each<[string, RegExp, (folder: string) => void]>([
    ['is missing', /\.log is missing/, (folder) => rmSync(join(folder, filesOf(folder, 'log')[0] as string))],
    [
      'has a page of zeros',
      /\.log a record at \d+ has a wrong checksum/,
      (folder) => change(folder, 'log', (bytes) => bytes.fill(0, 8 * PAGE_BYTES, 9 * PAGE_BYTES)),
    ],
    [
      'ends with zeros',
      /\.log a record at \d+ has a wrong checksum/,
      (folder) => {
        const path = join(folder, filesOf(folder, 'log')[0] as string);
        writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.alloc(PAGE_BYTES)]));
      },
    ],
    [
      'has a last record of a wrong length',
      /\.log a record at \d+ has a wrong checksum/,
      // The last write is one of removals, in its last block alone.
      (folder) =>
        change(folder, 'log', (bytes) => {
          const block = Math.floor((bytes.length - 1) / 32768) * 32768;
          bytes[block + 5] = 0x7f;
        }),
    ],
  ])('is put aside when it %s', async (_, said, damage) => {
    const folder = await copied();
    damage(folder);
    const { read } = await expectPutAside(folder, said);
    expect(read.length).toBeGreaterThan(COUNT / 2);
  });

  it('counts as sound when its end is cut off, as by a kill', async () => {
    const folder = await copied();
    const path = join(folder, filesOf(folder, 'log')[0] as string);
    truncateSync(path, statSync(path).size - 10);
    const scene = await opened(folder);
    expect(scene.said).toEqual([]);
    // The write that was cut off removed messages.
    expect(scene.read.length).toBeGreaterThan(COUNT * 0.9);
  });
});

describe('a damaged store', () => {
  it('keeps known removals', async () => {
    const folder = await copied();
    change(folder, 'ldb', (bytes) => bytes.fill(0, 300 * PAGE_BYTES, 301 * PAGE_BYTES));
    const { read } = await expectPutAside(folder, /wrong checksum/);
    for (const { payload } of read) expect(Number.parseInt(Buffer.from(payload).toString(), 10) % 10).not.toBe(0);
  });

  it('is reported when it has an unknown key, or an entry under another key', async () => {
    for (const [from, to] of [
      [17, (key: string) => `s${'f'.repeat(16)}${key}`],
      [17, (key: string) => `s${'0'.repeat(15)}1${key.slice(17)}`],
    ] as const) {
      const folder = await copied();
      const database = new ClassicLevel<string, Buffer>(folder, { valueEncoding: 'buffer', compression: false });
      const [[key, value] = ['', Buffer.alloc(0)]] = await database.iterator({ gte: 's', limit: 1 }).all();
      expect(key).toHaveLength(from);
      await database.batch([
        { type: 'del', key },
        { type: 'put', key: to(key), value },
      ]);
      await database.close();
      const { read } = await expectPutAside(folder, /is damaged \((it has the key "sf+|a checksum is wrong)/);
      expect(read).toHaveLength(COUNT * 0.9 - 1);
    }
  });

  it('is judged only when nobody else has it open', async () => {
    const folder = await copied();
    const program = `
      import { ClassicLevel } from 'classic-level';
      const database = new ClassicLevel(${JSON.stringify(folder)});
      await database.open();
      process.send('open');
      process.on('disconnect', () => process.exit());
    `;
    const other = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    await new Promise((resolve) => other.once('message', resolve));
    change(folder, 'ldb', (bytes) => bytes.fill(0, 300 * PAGE_BYTES, 301 * PAGE_BYTES));
    const scene = await opened(folder);
    expect(scene.said).toEqual([expect.stringMatching(/already held by process.*; end the other process/)]);
    expect(besides(folder)).toEqual([]);
    other.disconnect();
    await scene.says(/is damaged/);
    await scene.says(/stored in .* again/);
  });

  it('with any changed byte is read whole, or an operator hears of it', {
    timeout: 240_000,
  }, async () => {
    const names = readdirSync(whole).filter((name) => /ldb$|log$|^MANIFEST|^CURRENT/.test(name));
    const silent: string[] = [];
    for (let i = 0; i < 30; i++) {
      const folder = await copied();
      const name = names[i % names.length] as string;
      let at = 0;
      change(folder, name, (bytes) => {
        // Also the last bytes, which say where the others are.
        at =
          i % 2 === 0 ? Math.floor(Math.random() * bytes.length) : bytes.length - 1 - (i % Math.min(bytes.length, 300));
        bytes[at] = (bytes[at] as number) ^ (1 << (i & 7));
      });
      const scene = await opened(folder);
      await scene.store.close();
      if (scene.said.length === 0 && scene.read.length !== COUNT * 0.9) silent.push(`${name} at ${at}`);
      rmSync(dirname(folder), { recursive: true });
    }
    expect(silent).toEqual([]);
  });
});

describe('a store at whose opening the process ends', () => {
  /** A process that has the store open for the first time, and is killed. */
  function endAtOpening(folder: string): void {
    const program = `
      import { findStore } from ${JSON.stringify(join(process.cwd(), 'dist/src/sends/store/found.js'))};
      await findStore({ folder: ${JSON.stringify(folder)}, moment: { wallMs: Date.now(), nowMs: 0 }, isKnown: false,
        opened: () => process.kill(process.pid, 'SIGKILL'), progress() {} });
    `;
    const { signal } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { stdio: 'inherit' });
    expect(signal).toBe('SIGKILL');
  }

  it('is opened again when that has happened a few times', async () => {
    const folder = await copied();
    for (let end = 1; end < MAX_ENDS; end++) endAtOpening(folder);
    const scene = await opened(folder);
    expect(scene.said).toEqual([]);
    expect(scene.read).toHaveLength(COUNT * 0.9);
    expect(existsSync(`${folder}.opening`)).toBe(false);
  });

  it('is put aside unopened when that goes on, and its content is read without LevelDB', async () => {
    const folder = await copied();
    for (let end = 0; end < MAX_ENDS; end++) endAtOpening(folder);
    const { read } = await expectPutAside(folder, /is damaged \(the last 5 processes that opened it ended meanwhile\)/);
    expect(read).toHaveLength(COUNT * 0.9);
  });
});
