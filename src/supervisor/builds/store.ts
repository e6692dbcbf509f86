/** The builds of all modules of a core: which bytes each file has, and the copies that the core keeps. */

import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, chmod, chown, open, readdir, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeFolders } from '../../directories.js';
import { ModuleLoadError } from '../../errors.js';
import { identityOf } from '../../file-identity.js';
import { shortDigest } from '../../short-digest.js';
import { findUser } from '../../users.js';
import { within } from '../../within.js';
import type { Build, LoadableFile } from './build.js';
import { type Digest, digestFile } from './digest.js';
import { linkNeighbours } from './neighbours.js';
import { isOurs, Places } from './places.js';
import { pickSource } from './policy.js';

/** A larger file is neither hashed nor kept. */
const MAX_FILE_BYTES = 1024 * 1024 * 1024;
const GROUP_READS = 0o050;
/** Files whose digest is remembered, at most. */
const MAX_DIGESTS = 1024;
/** A file on a disk that does not answer must not keep the core from stopping. */
const CLEAR_PATIENCE_MS = 1000;

/** What is in a folder of the state directory, or of the run directory where there is none. */
export class BuildStore {
  readonly #folder: string;
  readonly #places: Places;
  readonly #digests = new Map<string, Digest>();
  readonly #reading = new Map<string, Promise<LoadableFile>>();
  readonly #idle: (() => void)[] = [];
  readonly #inUse: () => Build[];
  #busy = 0;
  #collecting: Promise<void> | null = null;
  #collects = false;

  /**
   * @param folder - made when the first build is kept
   * @param inUse - those that must stay
   */
  constructor(folder: string, inUse: () => Build[]) {
    this.#folder = folder;
    this.#places = new Places(folder);
    this.#inUse = inUse;
  }

  /** The copy of a build, whether there is one or not. */
  copyOf(build: Build): string {
    return this.#places.copyOf(build);
  }

  /**
   * The file that is at `path` now. A copy of it is kept. Never fails: the result says what could not be read or kept.
   */
  present(path: string): Promise<LoadableFile> {
    const reading = this.#reading.get(path) ?? this.#during(() => this.#present(path));
    this.#reading.set(path, reading);
    void reading.finally(() => this.#reading.delete(path));
    return reading;
  }

  /** What the file at `path` has; `null`: it cannot be read as a whole, or changes just now. */
  read(path: string): Promise<Digest | null> {
    return this.#digest(path);
  }

  /**
   * An accepted build: its original file while that still has the same bytes, otherwise the copy.
   *
   * @throws ModuleLoadError `MODULE_BUILD_LOST` when neither has them
   */
  accepted(build: Build, user: string | null = null): Promise<LoadableFile> {
    return this.#during(async () => {
      const file = await this.#accepted(build);
      return file.source === 'kept' && user !== null ? this.#pinned(build, user) : file;
    });
  }

  /**
   * The file at `path`, which must have this digest. Its copy is loaded: nobody but the user of the core can change that after
   * the check.
   *
   * @param build - the accepted one, whose copy may serve without the file; `null`: there is none
   * @param user - who reads it, if that is not the user of the core
   * @throws ModuleLoadError `MODULE_FILE_PINNED`
   */
  pinned(path: string, sha256: string, build: Build | null, user: string | null): Promise<LoadableFile> {
    return this.#during(async () => {
      if (build?.sha256 === sha256 && (await this.#read(this.#places.copyOf(build))) === sha256)
        return this.#pinned(build, user);
      const file = await this.#present(path);
      if (file.build === null) throw unpinned(`${path}: ${file.problem}`);
      const found = file.build.sha256;
      if (found !== sha256) throw unpinned(`${path}: its sha256 is ${found}; the configuration pins ${sha256}`);
      return this.#pinned(file.build, user);
    });
  }

  /**
   * Removes the copies that nobody needs, and unfinished ones of a killed core. From now on it also does so whenever another
   * build is kept.
   */
  async collect(): Promise<void> {
    this.#collects = true;
    while (this.#busy > 0 || this.#collecting !== null) {
      await (this.#collecting ?? new Promise<void>((done) => this.#idle.push(done)));
    }
    this.#collecting = this.#collect().finally(() => {
      this.#collecting = null;
    });
    await this.#collecting;
  }

  /** Removes everything once no read is in progress. For a folder that goes with its core. */
  async clear(): Promise<void> {
    const idle = this.#busy === 0 ? Promise.resolve() : new Promise<void>((done) => this.#idle.push(done));
    await within(CLEAR_PATIENCE_MS, idle, undefined);
    await this.#collecting;
    await rm(this.#folder, { recursive: true, force: true }).catch(() => undefined);
  }

  async #collect(): Promise<void> {
    const used = new Set(this.#inUse().map((build) => this.#places.entryOf(build)));
    for (const name of await readdir(this.#folder).catch(() => [])) {
      if (used.has(name) || !isOurs(name)) continue;
      await rm(join(this.#folder, name), { recursive: true, force: true }).catch(() => undefined);
    }
  }

  async #during<T>(work: () => Promise<T>): Promise<T> {
    this.#busy += 1;
    try {
      await this.#collecting;
      return await work();
    } finally {
      // Later: whoever waited for it notes first what it uses.
      setImmediate(() => {
        this.#busy -= 1;
        if (this.#busy === 0) for (const done of this.#idle.splice(0)) done();
      });
    }
  }

  async #present(path: string): Promise<LoadableFile> {
    try {
      const known = await this.#recall(path);
      if (known !== null && (await this.#isKept(known, path))) return await originalFile(path, known, null);
      return await this.#keep(path);
    } catch (error) {
      const problem = `it cannot be read (${(error as Error).message})`;
      return { path, source: 'original', build: null, identity: null, problem };
    }
  }

  /** Reads a file once, for its hash and for its copy. */
  async #keep(path: string): Promise<LoadableFile> {
    const unfinished = join(this.#folder, `.new-${randomBytes(8).toString('hex')}`);
    const copyTo = async () => {
      makeFolders(this.#folder);
      return open(unfinished, 'w', 0o500);
    };
    try {
      const { copyError, ...digest } = await digestFile(path, { maxBytes: MAX_FILE_BYTES, copyTo });
      this.#remember(digest);
      if (copyError) throw new KeepError(digest, copyError);
      const file = await originalFile(path, digest, null);
      await this.#place(unfinished, file.build).catch((error) => {
        throw new KeepError(digest, error);
      });
      return file;
    } catch (error) {
      if (!(error instanceof KeepError)) throw error;
      // One of an earlier run serves as well.
      const copy = this.#places.copyOf({ sha256: error.digest.sha256, original: path });
      const isThere = (await this.#read(copy)) === error.digest.sha256;
      return await originalFile(path, error.digest, isThere ? null : error.message);
    } finally {
      await rm(unfinished, { force: true }).catch(() => undefined);
    }
  }

  async #place(unfinished: string, build: Build): Promise<void> {
    await access(unfinished, constants.X_OK).catch(() => {
      throw new Error(`${this.#folder} is mounted noexec, so nothing can be loaded from there`);
    });
    const copy = this.#places.copyOf(build);
    makeFolders(dirname(copy));
    await rename(unfinished, copy);
    if (this.#collects) void this.collect();
    await linkNeighbours(build.home, dirname(copy));
  }

  async #accepted(build: Build): Promise<LoadableFile> {
    const { sha256: wanted, original } = build;
    const copy = this.#places.copyOf(build);
    let present = await this.#read(original);
    if (pickSource({ wanted, original: present, kept: null }) === 'original') {
      // A copy that could not be kept before may find room now.
      const file = await this.#present(original);
      if (file.build?.sha256 === wanted) return file;
      present = null;
    }
    const kept = await this.#digest(copy);
    const found = pickSource({ wanted, original: present, kept: kept?.sha256 ?? null });
    if (found === 'lost' || kept === null) throw lost(build, copy, kept);
    const problem = await this.#linkAll(build, copy);
    return { path: copy, source: 'kept', build, identity: kept.identity, problem };
  }

  async #pinned(build: Build, user: string | null): Promise<LoadableFile> {
    const copy = this.#places.copyOf(build);
    if (user !== null) await letRead(copy, this.#folder, user);
    const kept = await this.#digest(copy);
    if (kept?.sha256 !== build.sha256)
      throw unpinned(`${build.original}: no copy of it can be kept in ${this.#folder}`);
    const problem = await this.#linkAll(build, copy);
    return { path: copy, source: 'kept', build, identity: kept.identity, problem };
  }

  /** What stands beside the original, and beside its folder, as it is now. @returns why that cannot be */
  async #linkAll({ home, original }: Build, copy: string): Promise<string | null> {
    try {
      const folder = (await stat(home).catch(() => null)) ? home : await homeOf(original);
      await linkNeighbours(folder, dirname(copy));
      await linkNeighbours(dirname(folder), dirname(dirname(copy)));
      return null;
    } catch (error) {
      return `the files beside it cannot be linked (${(error as Error).message})`;
    }
  }

  async #isKept({ sha256, bytes }: Digest, original: string): Promise<boolean> {
    const info = await stat(this.#places.copyOf({ sha256, original })).catch(() => null);
    return info?.isFile() === true && info.size === bytes;
  }

  async #read(path: string): Promise<string | null> {
    return (await this.#digest(path))?.sha256 ?? null;
  }

  /** `null`: it cannot be read as a whole, or changes just now. */
  async #digest(path: string): Promise<Digest | null> {
    try {
      const known = await this.#recall(path);
      if (known !== null) return known;
      const { copyError: _, ...digest } = await digestFile(path, { maxBytes: MAX_FILE_BYTES, maxReads: 2 });
      this.#remember(digest);
      return digest;
    } catch {
      return null;
    }
  }

  async #recall(path: string): Promise<Digest | null> {
    return this.#digests.get(identityOf(await stat(path, { bigint: true }))) ?? null;
  }

  #remember(digest: Digest): void {
    this.#digests.delete(digest.identity);
    this.#digests.set(digest.identity, digest);
    const [oldest] = this.#digests.keys();
    if (this.#digests.size > MAX_DIGESTS && oldest !== undefined) this.#digests.delete(oldest);
  }
}

/** A file was read, and its copy could not be kept. */
class KeepError extends Error {
  readonly digest: Digest;

  constructor(digest: Digest, cause: Error) {
    super(`no copy of it can be kept (${cause.message})`, { cause });
    this.digest = digest;
  }
}

/** Where a file finds what it looks for beside itself. */
function homeOf(path: string): Promise<string> {
  return realpath(dirname(path)).catch(() => dirname(path));
}

async function originalFile(
  path: string,
  { sha256, identity }: Digest,
  problem: string | null,
): Promise<LoadableFile & { build: Build }> {
  const home = await homeOf(path);
  const fileId = identity.split(':').slice(0, 4).join(':');
  return { path, source: 'original', identity, problem, build: { sha256, original: path, home, fileId } };
}

/** Lets the group of a user read a copy. The folders on the way let everybody pass who knows the name. */
async function letRead(copy: string, folder: string, user: string): Promise<void> {
  const gid = findUser(user)?.gid;
  if (gid === undefined || process.geteuid?.() !== 0) return;
  for (let on = dirname(copy); on.startsWith(folder); on = dirname(on)) await chmod(on, 0o711);
  const info = await stat(copy).catch(() => null);
  // What changes nothing would give it another identity all the same.
  if (info === null || (info.gid === gid && (info.mode & GROUP_READS) === GROUP_READS)) return;
  await chown(copy, 0, gid);
  await chmod(copy, 0o550);
}

function unpinned(what: string): ModuleLoadError {
  const remedy = 'put the pinned file in its place, or set "sha256" to that of the new one';
  return new ModuleLoadError('MODULE_FILE_PINNED', what, { remedy });
}

function lost({ sha256, original }: Build, copy: string, kept: Digest | null): ModuleLoadError {
  const what = `the accepted build (sha256 ${shortDigest(sha256)}) is gone: ${original} has changed or is missing`;
  const damage = kept === null ? 'cannot be read' : 'is damaged';
  const remedy = 'reload the module to take the file that is there, or put the old one back';
  return new ModuleLoadError('MODULE_BUILD_LOST', `${what}, and its copy ${copy} ${damage}`, { remedy });
}
