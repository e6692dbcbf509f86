/** The builds of one module: which one is accepted, which one its next host loads, which one its host has loaded. */

import { existsSync } from 'node:fs';
import type { ModuleSpec } from '../../config/types.js';
import { ModuleLoadError } from '../../errors.js';
import { coreCommand, Sentence, sentence, type ToldCommand } from '../../sentence.js';
import { shortDigest } from '../../short-digest.js';
import type { ModuleStatus } from '../types.js';
import type { Build, LoadableFile } from './build.js';
import { HostFile } from './host-file.js';
import { findModuleFile, identifyFile, requireModuleFile } from './module-file.js';
import { type AcceptanceEvent, type Choice, chooseBuild, stepAccepted } from './policy.js';
import type { Repeats } from './repeats.js';
import type { BuildStore } from './store.js';

type Places = Pick<ModuleSpec, 'path' | 'lookedFor' | 'sha256' | 'sandbox'>;

/** Who is told about a module's builds, and who keeps them. */
export interface ModuleBuildsOptions {
  module: string;
  store: BuildStore;
  /** Tells the operator. */
  warn: (text: string) => void;
}

/** Everything about the builds of a module. */
export class ModuleBuilds {
  readonly #options: ModuleBuildsOptions;
  #accepted: Build | null = null;
  #current: HostFile | null = null;
  #told = '';

  constructor(options: ModuleBuildsOptions) {
    this.#options = options;
  }

  /** Identifies the file that its host loaded or failed to load; `null` when there was none. */
  get loadedFile(): string | null {
    return this.#current?.fileId ?? null;
  }

  /** Tells the build that its host loaded or failed to load from others; `null`: there was none. */
  get currentKey(): string | null {
    return this.#current?.buildKey ?? null;
  }

  /** The builds that must be kept; of the files of `hosts` too. */
  inUse(hosts: readonly { file: HostFile }[]): Build[] {
    const files = [this.#current, ...hosts.map(({ file }) => file)];
    return [this.#accepted, ...files.map((file) => file?.loadable?.build ?? null)].filter((build) => build !== null);
  }

  /** Takes note of an order, or that the module is given up. */
  note(event: AcceptanceEvent): void {
    this.#accepted = stepAccepted(event);
  }

  /** The host whose file this is serves. */
  serves(file: HostFile): void {
    const { build = null, problem = null } = file.loadable ?? {};
    this.#current = file;
    this.note({ kind: 'served', build });
    if (problem !== null)
      this.#tell(`${problem}: if its file is replaced, the running build cannot start again after a crash`);
  }

  /** An order has failed before any host served by it. The host whose file this is serves on, with its build. */
  goOnWith(file: HostFile): void {
    if (this.#accepted === null) this.serves(file);
  }

  /**
   * Chooses the file of the host that is started next.
   *
   * @throws ModuleLoadError `MODULE_FILE_MISSING` when the present file is to be taken and there is none.
   */
  chooseNext(spec: Places, repeats: Repeats): HostFile {
    this.#current = null;
    this.#current = this.#choose(spec, chooseBuild(this.#accepted, repeats.build));
    return this.#current;
  }

  /**
   * The file for a host that shall take over.
   *
   * @throws ModuleLoadError as {@link chooseNext}
   */
  chooseSuccessor(spec: Places, repeats: Repeats): HostFile {
    return this.#choose(spec, chooseBuild(null, repeats.build));
  }

  /**
   * The file for a host that shall replace another one of the same build.
   *
   * @throws ModuleLoadError as {@link chooseNext}; also `MODULE_BUILD_LOST` when there is only a file that nobody has ordered
   */
  chooseSame(spec: Places, repeats: Repeats): HostFile {
    const accepted = this.#accepted;
    // Without an accepted build the core could not read the file.
    if (accepted === null && identifyFile(findModuleFile(spec)) !== this.loadedFile) {
      const what = 'its file has changed, and there is no copy of the build that runs';
      throw new ModuleLoadError('MODULE_BUILD_LOST', what, { remedy: sentence`to take the file: ${this.#reload}` });
    }
    return this.#choose(spec, chooseBuild(accepted, repeats.build));
  }

  /** What an operator should know about the next start after a crash; empty when its file is the accepted one. */
  describeNext(): string {
    const build = this.#accepted;
    if (build === null || identifyFile(build.original) === build.fileId) return '';
    return `${sentence`, with the accepted build, because its file has changed; to take the new file: ${this.#reload}`}`;
  }

  /** What `status` shows. */
  status(spec: Places, isWanted: boolean): Pick<ModuleStatus, 'build' | 'fileChanged' | 'fileMissing'> {
    const { loadable } = this.#current ?? {};
    const found = identifyFile(findModuleFile(spec));
    const file = { fileChanged: isWanted && found !== this.loadedFile, fileMissing: found === null };
    if (!loadable?.build) return { build: null, ...file };
    const { path, source, build } = loadable;
    const problem = loadable.problem ?? (isWanted ? this.#problemOfCopy(build) : null);
    const shown = problem instanceof Sentence ? { problem: `${problem}`, problemParts: problem.parts } : { problem };
    return { build: { sha256: build.sha256, path, kept: source === 'kept', ...shown }, ...file };
  }

  #choose(spec: Places, choice: Choice): HostFile {
    const { store } = this.#options;
    const copyOf = ({ build }: LoadableFile) => (build === null ? null : store.copyOf(build));
    const { sha256, sandbox } = spec;
    if (choice.kind === 'present') {
      const path = requireModuleFile(spec);
      const choosing = sha256 === null ? store.present(path) : store.pinned(path, sha256, null, sandbox.user);
      return new HostFile(path, identifyFile(path), choosing, copyOf);
    }
    const { build } = choice;
    if (sha256 !== null) {
      const choosing = store.pinned(build.original, sha256, build, sandbox.user);
      return new HostFile(build.original, build.fileId, choosing, copyOf);
    }
    const choosing = store.accepted(build, sandbox.user).then((file) => {
      if (file.source === 'kept') this.#tell(this.#describeKept(build));
      return file;
    });
    return new HostFile(build.original, build.fileId, choosing, copyOf);
  }

  /** Somebody may have removed what the core had kept. */
  #problemOfCopy(build: Build): Sentence | null {
    const copy = this.#options.store.copyOf(build);
    return existsSync(copy)
      ? null
      : sentence`the copy of its build is gone (${copy}); to keep another: ${this.#reload}`;
  }

  #describeKept({ original, sha256 }: Build): string {
    const what = `${original} is not the accepted build (sha256 ${shortDigest(sha256)})`;
    return `${sentence`${what}, of which the core starts its copy; to take the file: ${this.#reload}`}`;
  }

  get #reload(): ToldCommand {
    return coreCommand('reload', this.#options.module);
  }

  /** Not again and again while a module crashes. */
  #tell(text: string): void {
    if (text === this.#told) return;
    this.#told = text;
    this.#options.warn(text);
  }
}
