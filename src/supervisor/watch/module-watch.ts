/** Watches the file of one module, and reloads the module when there is another one. */

import type { BigIntStats } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import type { ModuleSpec } from '../../config/types.js';
import { fileIdOf, identityOf } from '../../file-identity.js';
import { lookIfWhole } from '../../stacks/elf/whole.js';
import { FolderWatch } from './folder-watch.js';
import { findFolders } from './folders.js';
import { type Content, QUIET_MS, WatchPolicy } from './policy.js';

/** The module, as far as it matters. */
export interface WatchedModule {
  readonly name: string;
  readonly spec: Pick<ModuleSpec, 'path' | 'lookedFor' | 'watch'>;
  readonly desired: 'up' | 'down';
  /** Identifies the file that its process has loaded; `null`: there is none. */
  readonly loadedFile: string | null;
  /** The sha256 of that, as far as it is known. */
  readonly buildKey: string | null;
  /** The sha256 of what has failed on probation last; `null`: nothing has, or other bytes have taken over since. */
  readonly failedBuild: string | null;
}

/** What a file is found to be: what the core has of it already. */
export interface FileDigest {
  sha256: string;
  identity: string;
}

/** What came of a reload. */
export type WatchOutcome =
  /** The new file runs, perhaps on probation. When it fails in that time, the module knows. */
  | { kind: 'taken' }
  /** The module goes on as before. */
  | { kind: 'refused'; why: string }
  /** Nothing was tried: the module is stopped, or an earlier order has seen to the file. */
  | { kind: 'skipped' };

/** What is done for watched modules. */
export interface WatchWork {
  /** `null`: it cannot be read, or changes meanwhile. */
  read: (path: string) => Promise<FileDigest | null>;
  /** Resolves when the new file runs: a probation is not waited for, so that a newer file can end it. */
  reload: (module: string, sha256: string) => Promise<WatchOutcome>;
  /** The new file runs. */
  taken: (module: string, path: string, sha256: string) => void;
  /** It was not taken, for `why`. */
  failed: (module: string, path: string, why: string) => void;
  gone: (module: string, path: string) => void;
  /** Lets reads run one after the other. */
  inTurn: <T>(work: () => Promise<T>) => Promise<T>;
}

/** A file that is written to announces each write. */
const GATHER_MS = 50;

/** From the first look until it is closed. */
export class ModuleWatch {
  readonly #module: WatchedModule;
  readonly #work: WatchWork;
  readonly #policy = new WatchPolicy();
  readonly #folders = new FolderWatch(() => this.#lookIn(GATHER_MS));
  #timer: NodeJS.Timeout | undefined;
  #dueMs = Number.POSITIVE_INFINITY;
  #looking: Promise<void> | null = null;
  #lookAgain = false;
  #isReloading = false;
  #closed = false;

  constructor(module: WatchedModule, work: WatchWork) {
    this.#module = module;
    this.#work = work;
  }

  /** Looks now. Never rejects. @returns when nothing is to be read; a reload that follows goes on */
  look(): Promise<void> {
    this.#lookAgain = true;
    this.#looking ??= this.#lookUntilQuiet().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  /** Ends it. A reload that was ordered goes on. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#folders.close();
  }

  /** An earlier look that is due stays. */
  #lookIn(ms: number): void {
    const dueMs = performance.now() + ms;
    if (this.#closed || dueMs >= this.#dueMs) return;
    clearTimeout(this.#timer);
    this.#dueMs = dueMs;
    this.#timer = setTimeout(() => {
      this.#dueMs = Number.POSITIVE_INFINITY;
      void this.look();
    }, ms).unref();
  }

  async #lookUntilQuiet(): Promise<void> {
    while (this.#lookAgain && !this.#closed) {
      this.#lookAgain = false;
      await this.#lookOnce();
    }
  }

  async #lookOnce(): Promise<void> {
    // Its end looks again.
    if (this.#isReloading) return;
    const { name, spec, desired } = this.#module;
    const path = await findPath(spec);
    // First, so that no change after the look is missed.
    await this.#folders.use(await findFolders(path));
    const stats = await readStats(path);
    if (this.#closed || desired === 'down') return;
    const found = stats && identityOf(stats);
    const runs = stats !== null && fileIdOf(stats) === this.#module.loadedFile;
    const step = this.#policy.look(found, runs, performance.now());
    switch (step.kind) {
      case 'again':
        this.#lookIn(step.inMs);
        break;
      case 'examine':
        await this.#examine(path, found as string);
        break;
      case 'gone':
        this.#work.gone(name, path);
        break;
      case 'incomplete':
        this.#work.failed(name, path, `${step.why}; the core waits until that changes`);
        // What cannot be read is tried again.
        this.#lookAgain = true;
        break;
    }
  }

  async #examine(path: string, found: string): Promise<void> {
    const { read, inTurn } = this.#work;
    const { content, readIdentity } = await inTurn(() => readContent(path, read));
    if (this.#closed) return;
    // It is another one by now.
    const stats = await readStats(path);
    if (stats === null || identityOf(stats) !== found || (readIdentity ?? found) !== found) {
      this.#lookIn(QUIET_MS);
      return;
    }
    const { buildKey: running, failedBuild: failed } = this.#module;
    const isWanted = this.#policy.examined(found, content, { running, failed }, performance.now());
    if (content.kind !== 'whole') this.#lookAgain = true;
    // Not awaited: a start may take long, and others want to look at their files.
    else if (isWanted) void this.#reload(path, content.sha256);
  }

  async #reload(path: string, sha256: string): Promise<void> {
    const { name } = this.#module;
    this.#isReloading = true;
    const outcome = await this.#work.reload(name, sha256);
    this.#isReloading = false;
    if (outcome.kind === 'skipped') {
      void this.look();
      return;
    }
    this.#policy.reloaded(outcome.kind === 'taken' ? null : sha256, performance.now());
    // It may have failed on probation already, which was told.
    if (outcome.kind === 'taken' && this.#module.failedBuild === null)
      this.#work.taken(name, path, this.#takenDigest(sha256));
    if (outcome.kind === 'refused') this.#work.failed(name, path, outcome.why);
    // It may have changed meanwhile.
    void this.look();
  }

  /** A start may find a newer file than was examined. If its process has died already, that of the next one is not known yet. */
  #takenDigest(examined: string): string {
    const { buildKey } = this.#module;
    return isDigest(buildKey) ? buildKey : examined;
  }
}

function isDigest(key: string | null): key is string {
  return key !== null && /^[0-9a-f]{64}$/.test(key);
}

/** @returns what it has, and the identity of the file that was read to its end; `null`: none was */
async function readContent(
  path: string,
  read: WatchWork['read'],
): Promise<{ content: Content; readIdentity: string | null }> {
  const wholeness = await lookIfWhole(path);
  if (wholeness.kind !== 'whole') return { content: wholeness, readIdentity: null };
  const digest = await read(path);
  if (digest === null) return { content: { kind: 'unreadable' }, readIdentity: null };
  return { content: { kind: 'whole', sha256: digest.sha256 }, readIdentity: digest.identity };
}

/** The same file as a start would find; where it will be, if there is none. */
async function findPath({ path, lookedFor }: Pick<ModuleSpec, 'path' | 'lookedFor'>): Promise<string> {
  if (path !== null) return path;
  for (const candidate of lookedFor) {
    const isThere = await access(candidate).then(
      () => true,
      () => false,
    );
    if (isThere) return candidate;
  }
  return lookedFor[0] as string;
}

/** `null`: there is no regular file. */
async function readStats(path: string): Promise<BigIntStats | null> {
  try {
    const info = await stat(path, { bigint: true });
    return info.isFile() ? info : null;
  } catch {
    return null;
  }
}
