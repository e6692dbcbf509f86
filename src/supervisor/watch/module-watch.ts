/** Watches the file of one module, and reloads the module when there is another one. */

import type { BigIntStats } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import type { ModuleSpec } from '../../config/types.js';
import { fileIdOf, identityOf } from '../../file-identity.js';
import { findMissingPart } from '../../stacks/elf/whole.js';
import { FolderWatch } from './folder-watch.js';
import { findFolders } from './folders.js';
import { QUIET_MS, WatchPolicy } from './policy.js';

/** The module, as far as it matters. */
export interface WatchedModule {
  readonly name: string;
  readonly spec: Pick<ModuleSpec, 'path' | 'lookedFor' | 'watch'>;
  readonly desired: 'up' | 'down';
  /** Identifies the file that its process has loaded; `null`: there is none. */
  readonly loadedFile: string | null;
  /** The sha256 of that, as far as it is known. */
  readonly buildKey: string | null;
}

/** What a file is found to be: what the core has of it already. */
export interface FileDigest {
  sha256: string;
  identity: string;
}

/** What came of a reload. */
export type WatchOutcome =
  /** The new file runs. */
  | { kind: 'taken' }
  /** The module goes on as before. */
  | { kind: 'refused'; why: string }
  /** The new file has failed on probation, which was told. */
  | { kind: 'went-back' }
  /** Nothing was tried. */
  | { kind: 'skipped' };

/** What is done for watched modules. */
export interface WatchWork {
  /** `null`: it cannot be read, or changes meanwhile. */
  read: (path: string) => Promise<FileDigest | null>;
  reload: (module: string) => Promise<WatchOutcome>;
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
  #closed = false;

  constructor(module: WatchedModule, work: WatchWork) {
    this.#module = module;
    this.#work = work;
  }

  /** Looks now. Never rejects. @returns when nothing is to be done, or somebody will look again */
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
        break;
    }
  }

  async #examine(path: string, found: string): Promise<void> {
    const { read, inTurn } = this.#work;
    const { missing, digest } = await inTurn(async () => {
      const missing = await findMissingPart(path);
      return { missing, digest: missing === null ? await read(path) : null };
    });
    if (this.#closed) return;
    // It is another one by now.
    const stats = await readStats(path);
    const identity = stats && identityOf(stats);
    if (identity !== found || (digest !== null && digest.identity !== found)) {
      this.#lookIn(QUIET_MS);
      return;
    }
    const examined = { identity, sha256: digest?.sha256 ?? null, missing };
    if (this.#policy.examined(examined, this.#module.buildKey, performance.now())) {
      await this.#reload(path, digest?.sha256 as string);
    } else this.#lookAgain ||= missing !== null;
  }

  async #reload(path: string, sha256: string): Promise<void> {
    const { name } = this.#module;
    const outcome = await this.#work.reload(name);
    if (outcome.kind === 'skipped') return;
    this.#policy.reloaded(outcome.kind === 'taken' ? null : sha256, performance.now());
    if (outcome.kind === 'taken') this.#work.taken(name, path, this.#module.buildKey ?? sha256);
    if (outcome.kind === 'refused') this.#work.failed(name, path, outcome.why);
    // It may have changed meanwhile.
    this.#lookAgain = true;
  }
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
