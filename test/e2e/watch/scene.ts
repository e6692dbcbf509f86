/** A core with a watched module in a file of its own, and what it said of that; used by the tests of `watch`. */

import { appendFileSync, copyFileSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ModuleOptions, WatchEvent } from 'mesibo-modules';
import { afterEach, beforeEach } from 'vitest';
import { fixture, fixtureModule, makeTempDir, patientConfig, TestCore } from '../core.js';

export const NAME = 'names_its_build';
/** Another watched module. When its change is taken, an earlier change of the first one has had its time. */
export const SENTINEL = 'versioned';

/** Of one test. */
export class Scene {
  readonly place = makeTempDir();
  readonly file = join(this.place, 'modules', 'module.so');
  readonly watched: WatchEvent[] = [];
  readonly #sentinelFile = join(this.place, 'modules', 'sentinel.so');
  #core: TestCore | null = null;
  #changes = 0;

  constructor() {
    mkdirSync(join(this.place, 'modules'));
    copyFileSync(fixture('build-a'), this.file);
    this.#writeSentinel(this.#sentinelFile);
  }

  get core(): TestCore {
    if (this.#core === null) throw new Error('no core was started');
    return this.#core;
  }

  /** As `mv` and most build tools do it. */
  replace(name: string, at = this.file): void {
    copyFileSync(fixture(name), `${at}.new`);
    renameSync(`${at}.new`, at);
  }

  spec(options: Partial<ModuleOptions> = {}): ModuleOptions {
    return { name: NAME, path: this.file, abi: 'exports-2020', watch: true, ...options };
  }

  sentinel(): ModuleOptions {
    return fixtureModule(SENTINEL, { path: this.#sentinelFile, watch: true });
  }

  async start(modules: ModuleOptions[] = [this.spec()]): Promise<void> {
    this.#core = new TestCore({ modules }, {}, { stateDir: join(this.place, 'state') });
    this.core.supervisor.on('watched', (event) => this.watched.push(event));
    await this.core.start();
  }

  startWithSentinel(options: Partial<ModuleOptions> = {}): Promise<void> {
    return this.start([this.spec(options), this.sentinel()]);
  }

  reload(modules: ModuleOptions[]) {
    return this.core.supervisor.reload(patientConfig({ modules }));
  }

  takenLines(name = NAME) {
    return this.core.logs.filter(({ module, text }) => module === name && text.includes(' has changed; the new file '));
  }

  errorLines() {
    return this.core.logs.filter(({ level, text }) => level === 0 && text.includes('was not taken'));
  }

  /** Resolves when so many new files have been taken. */
  taken(times: number, name = NAME): Promise<void> {
    return this.core.until(() => this.takenLines(name).length >= times);
  }

  /** Which build answers. */
  async answering(): Promise<string> {
    const before = this.core.lines(NAME).length;
    await this.core.send('hello');
    await this.core.until(() => this.core.lines(NAME).length > before);
    return this.core.lines(NAME)[before] as string;
  }

  /** Gives the sentinel a file that looks like another one each time, and waits until it is taken. */
  async sentinelChanges(): Promise<void> {
    const before = this.takenLines(SENTINEL).length;
    this.#writeSentinel(`${this.#sentinelFile}.new`);
    renameSync(`${this.#sentinelFile}.new`, this.#sentinelFile);
    await this.taken(before + 1, SENTINEL);
  }

  async close(): Promise<void> {
    await this.#core?.close();
    rmSync(this.place, { recursive: true });
  }

  #writeSentinel(path: string): void {
    copyFileSync(fixture('versioned'), path);
    // What follows the end of a shared object means nothing.
    appendFileSync(path, `${this.#changes++}`);
  }
}

/** A new one for each test of the file. */
export function useScene(): () => Scene {
  let scene: Scene;
  beforeEach(() => {
    scene = new Scene();
  });
  afterEach(() => scene.close());
  return () => scene;
}
