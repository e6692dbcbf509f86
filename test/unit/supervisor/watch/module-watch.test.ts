import { appendFileSync, copyFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { fileIdOf, readIdentity } from '../../../../src/file-identity.js';
import { ModuleWatch, type WatchedModule, type WatchWork } from '../../../../src/supervisor/watch/module-watch.js';
import { fixture } from '../../../e2e/core.js';
import { makeTempDir } from '../../../helpers/temp-dir.js';

/** A module that runs a file, and all that its watch asks for. */
class Scene {
  readonly path = join(makeTempDir(), 'module.so');
  readonly module: WatchedModule;
  readonly reloads: string[] = [];
  readonly reads: string[] = [];
  /** What a read finds: the name of the bytes; `null`: it fails. */
  bytes: string | null = 'running';
  work: WatchWork = {
    read: async (path) => {
      this.reads.push(`${this.bytes}`);
      return this.bytes === null ? null : { sha256: this.bytes, identity: readIdentity(path) as string };
    },
    reload: async (_, sha256) => {
      this.reloads.push(sha256);
      return { kind: 'skipped' };
    },
    taken: () => undefined,
    failed: () => undefined,
    gone: () => undefined,
    inTurn: (work) => work(),
  };
  watch: ModuleWatch | null = null;

  constructor() {
    copyFileSync(fixture('versioned'), this.path);
    this.module = {
      ...{ name: 'versioned', desired: 'up', buildKey: 'running', failedBuild: null },
      spec: { path: this.path, lookedFor: [], watch: true },
      loadedFile: fileIdOf(statSync(this.path, { bigint: true })),
    };
  }

  /** Puts another whole file in place. */
  install(bytes: string | null): void {
    this.bytes = bytes;
    copyFileSync(fixture('versioned'), `${this.path}.new`);
    appendFileSync(`${this.path}.new`, 'other');
    renameSync(`${this.path}.new`, this.path);
  }

  start(work: Partial<WatchWork> = {}): ModuleWatch {
    this.watch = new ModuleWatch(this.module, { ...this.work, ...work });
    return this.watch;
  }
}

let scene: Scene;
afterEach(() => scene.watch?.close());

it('a file that could not be read for a moment is taken, although nothing tells of a change', async () => {
  scene = new Scene();
  const reload = new Promise<void>((done) => {
    scene.start({
      read: async (path) => {
        const digest = await scene.work.read(path);
        scene.bytes = 'new';
        return digest;
      },
      reload: async () => {
        done();
        return { kind: 'skipped' };
      },
    });
  });
  scene.install(null);
  await scene.watch?.look();
  await reload;
  expect(scene.reads).toEqual(['null', 'new']);
});

const NEWER = '5f'.repeat(32);

it.each([
  ['is that of its file', NEWER, NEWER],
  ['is the one that was examined when the process is gone already', '65024:236828:16000:1700000000', 'new'],
])('the digest of what was taken %s', async (_, buildKey, expected) => {
  scene = new Scene();
  const taken = new Promise<string>((done) => {
    scene.start({
      reload: async () => {
        Object.assign(scene.module, { buildKey });
        return { kind: 'taken' };
      },
      taken: (_module, _path, sha256) => done(sha256),
    });
  });
  scene.install('new');
  await scene.watch?.look();
  expect(await taken).toBe(expected);
});

it('a look does not wait for a reload, and a newer file is taken when that has ended', async () => {
  scene = new Scene();
  const orders: (() => void)[] = [];
  let told: () => void = () => undefined;
  const nextOrder = () =>
    new Promise<void>((done) => {
      told = done;
    });
  scene.start({
    reload: async (name, sha256) => {
      await scene.work.reload(name, sha256);
      told();
      await new Promise<void>((done) => orders.push(done));
      return { kind: 'taken' };
    },
  });
  const first = nextOrder();
  scene.install('new');
  await scene.watch?.look();
  await first;
  const second = nextOrder();
  scene.install('newer');
  // Others want to look at their files.
  await scene.watch?.look();
  expect([scene.reloads, scene.reads]).toEqual([['new'], ['new']]);
  orders[0]?.();
  await second;
  expect(scene.reloads).toEqual(['new', 'newer']);
});
