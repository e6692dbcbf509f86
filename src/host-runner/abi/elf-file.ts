/** A file that is read in pieces. No piece may lie outside of the file. elf.ts reads with it. */

import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { type ErrorCode, ModuleLoadError } from '../../errors.js';

/** In bytes. In a sound file, every table that we read is smaller. A larger one would only waste memory. */
export const MAX_TABLE_BYTES = 64 * 1024 * 1024;

const AGAIN = 'build or copy it again';
const NAME_FILE = 'name the .so file itself in "path"';

/**
 * An open regular file. Checks each read against the size of the file, and raises the errors about it.
 *
 * Every method throws {@link ModuleLoadError}: file, cause and remedy in one line.
 */
export class ElfFile {
  /** In bytes, when it was opened. */
  readonly size: number;
  readonly #path: string;
  readonly #fd: number;

  constructor(path: string) {
    this.#path = path;
    // Look before opening it: opening a FIFO blocks, and opening a device may do anything.
    const stat = this.#try(() => statSync(path));
    if (stat.isDirectory()) {
      this.fail('MODULE_FILE_UNREADABLE', 'it is a directory', NAME_FILE);
    }
    if (!stat.isFile()) {
      this.fail('MODULE_FILE_UNREADABLE', 'it is not a regular file', NAME_FILE);
    }
    this.#fd = this.#try(() => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK));
    this.size = fstatSync(this.#fd).size;
    if (this.size === 0) {
      closeSync(this.#fd);
      this.fail('MODULE_FILE_EMPTY', 'the file is empty', AGAIN);
    }
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** Throws TRUNCATED unless the file holds `length` bytes from `offset`. */
  require(offset: number, length: number, what: string): void {
    const end = offset + length;
    if (end <= this.size) return;
    const cause = `the file ends at byte ${this.size}, but its ${what} goes on to byte ${end}`;
    this.fail('MODULE_FILE_TRUNCATED', cause, AGAIN);
  }

  /** The `length` bytes from `offset`; `what` names them in an error. */
  read(offset: number, length: number, what: string): Buffer {
    this.require(offset, length, what);
    if (length > MAX_TABLE_BYTES) this.damaged(`its ${what} is ${length} bytes long`);
    const bytes = Buffer.alloc(length);
    let got = 0;
    while (got < length) {
      const count = this.#try(() => readSync(this.#fd, bytes, got, length - got, offset + got));
      // Somebody has cut it short since it was opened.
      if (count === 0) this.fail('MODULE_FILE_TRUNCATED', `its ${what} ends early`, AGAIN);
      got += count;
    }
    return bytes;
  }

  /** Throws that the file contradicts itself. */
  damaged(detail: string): never {
    this.fail('MODULE_NOT_ELF', `the file is damaged: ${detail}`, 'build the module again');
  }

  /** Throws with this cause and remedy. */
  fail(code: ErrorCode, cause: string, remedy: string, error?: unknown): never {
    throw new ModuleLoadError(code, `${this.#path}: ${cause}`, { remedy, cause: error });
  }

  #try<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR') {
        this.fail('MODULE_FILE_MISSING', 'there is no such file', 'build the module, or correct its path', error);
      }
      if (code === 'EACCES' || code === 'EPERM') {
        const remedy = `let user ${process.getuid?.()} read it, and search the directories above it`;
        this.fail('MODULE_FILE_UNREADABLE', 'permission was denied', remedy, error);
      }
      return this.fail(
        'MODULE_FILE_UNREADABLE',
        `it cannot be read (${message})`,
        'check the file and its disk',
        error,
      );
    }
  }
}
