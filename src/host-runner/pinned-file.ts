/** A module file that the configuration pins by its SHA-256. */

import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { ModuleLoadError } from '../errors.js';
import { identityOf, readIdentity } from '../file-identity.js';
import type { Welcome } from '../wire/codec.js';

const PIECE_BYTES = 1024 * 1024;

/** A file that is held open from the check of its content until it is loaded. */
export class PinnedFile {
  readonly #path: string;
  readonly #fd: number;
  readonly #identity: string;

  private constructor(path: string, fd: number) {
    this.#path = path;
    this.#fd = fd;
    this.#identity = identityOf(fstatSync(fd, { bigint: true }));
  }

  /**
   * Reads a pinned file through one descriptor, which stays open.
   *
   * @returns `null`: it is not pinned
   * @throws {ModuleLoadError} `MODULE_FILE_PINNED`
   */
  static open({ path, pinned, sha256 }: Welcome): PinnedFile | null {
    if (!pinned || !path) return null;
    const file = new PinnedFile(path, openSync(path, constants.O_RDONLY | constants.O_NONBLOCK));
    const found = file.#digest();
    if (found === sha256) return file;
    file.close();
    throw new ModuleLoadError(
      'MODULE_FILE_PINNED',
      `${path}: its sha256 is ${found}; the configuration pins ${sha256}`,
    );
  }

  /** @throws {ModuleLoadError} `MODULE_FILE_PINNED`: the file at the path is no longer the one that was checked */
  confirm(): void {
    const isSame = readIdentity(this.#path) === this.#identity && this.#isUnchanged();
    this.close();
    if (isSame) return;
    const what = `${this.#path}: it was replaced or changed while it was being loaded, and the configuration pins it`;
    throw new ModuleLoadError('MODULE_FILE_PINNED', what);
  }

  close(): void {
    closeSync(this.#fd);
  }

  #isUnchanged(): boolean {
    return identityOf(fstatSync(this.#fd, { bigint: true })) === this.#identity;
  }

  #digest(): string {
    const hash = createHash('sha256');
    const piece = Buffer.allocUnsafe(PIECE_BYTES);
    for (let at = 0; ; ) {
      const length = readSync(this.#fd, piece, 0, piece.length, at);
      if (length === 0) return hash.digest('hex');
      hash.update(piece.subarray(0, length));
      at += length;
    }
  }
}
