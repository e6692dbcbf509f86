/** The file of one host: chosen while the process of the host comes up, which takes longer. */

import { basename, join } from 'node:path';
import type { ModuleFiles } from '../../stacks/module-files.js';
import type { LoadableFile } from './build.js';
import { wasOverwritten } from './overwritten.js';

/** What a host loads, or is going to load. */
export class HostFile {
  /** `null`: it is not known yet, or cannot be had. */
  loadable: LoadableFile | null = null;
  readonly #original: string;
  readonly #originalId: string | null;
  readonly #choosing: Promise<LoadableFile>;
  readonly #copyOf: (file: LoadableFile) => string | null;

  /**
   * @param original - the path of the file that the module has
   * @param originalId - tells that file from others, as long as it is not read
   * @param copyOf - where the copy of a build is
   */
  constructor(
    original: string,
    originalId: string | null,
    choosing: Promise<LoadableFile>,
    copyOf: (file: LoadableFile) => string | null,
  ) {
    this.#original = original;
    this.#originalId = originalId;
    this.#choosing = choosing.then((file) => {
      this.loadable = file;
      return file;
    });
    this.#copyOf = copyOf;
    // The start of the host awaits it, perhaps only after it has failed.
    this.#choosing.catch(() => undefined);
  }

  /** Waits until it is known. @throws SupervisorError when it cannot be had */
  chosen(): Promise<LoadableFile> {
    return this.#choosing;
  }

  /** As far as it is known, the path that the host loads. */
  get path(): string {
    return this.loadable?.path ?? this.#original;
  }

  /** What tells the original file from others. */
  get fileId(): string | null {
    return this.loadable?.build?.fileId ?? this.#originalId;
  }

  /** Where the bytes that the host has loaded may be. */
  get places(): ModuleFiles {
    const { path, loadable } = this;
    if (loadable === null || loadable.build === null) return { path, others: [] };
    const { original, home } = loadable.build;
    const others = [original, join(home, basename(original)), this.#copyOf(loadable)];
    return {
      path,
      others: others.filter((other) => other !== null && other !== path) as string[],
      identity: loadable.identity,
    };
  }

  /** Tells its build from others: the sha256, or what the system says of a file that the core could not read. */
  get buildKey(): string {
    return this.loadable?.build?.sha256 ?? this.fileId ?? this.#original;
  }

  /** Whether it was written to since it was loaded. */
  isOverwritten(): boolean {
    if (this.loadable === null) return false;
    return wasOverwritten(this.loadable, this.#copyOf(this.loadable) ?? '');
  }
}
